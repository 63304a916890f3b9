import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3'
import type { S3Options } from 'millrace/firehose'
import S3rver from 's3rver'
import { type Bucket, bucketName } from './bucket.ts'

/** s3rver knows this user, whose name and secret are the same. */
const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
/** Objects that are fetched at once. */
const fetchesAtOnce = 8

/** A bucket on an S3 endpoint of this process, which is all that is known of it: everything goes through S3. */
export class S3Bucket implements Bucket {
  readonly forServer: S3Options
  readonly place: string
  readonly #server: S3rver
  readonly #client: S3Client
  readonly #into: string

  private constructor(server: S3rver, endpoint: string, into: string) {
    this.#server = server
    this.forServer = { endpoint, credentials }
    this.place = `the S3 endpoint ${endpoint}`
    this.#client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true })
    this.#into = into
  }

  /** @param folder where the endpoint keeps its objects, and where they are fetched to */
  static async start(folder: string): Promise<S3Bucket> {
    const directory = join(folder, 's3')
    await mkdir(directory, { recursive: true })
    const configureBuckets = [{ name: bucketName, configs: [] }]
    const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets })
    const { port } = await server.run()
    return new S3Bucket(server, `http://127.0.0.1:${port}`, join(folder, 'fetched'))
  }

  async count(): Promise<number> {
    return (await this.#keys()).length
  }

  async fetched(): Promise<string> {
    await mkdir(this.#into, { recursive: true })
    const left = [...(await this.#keys())]
    const fetchAll = async (): Promise<void> => {
      for (let key = left.pop(); key !== undefined; key = left.pop()) await this.#fetch(key)
    }
    await Promise.all(Array.from({ length: fetchesAtOnce }, fetchAll))
    return this.#into
  }

  async close(): Promise<void> {
    this.#client.destroy()
    await this.#server.close()
  }

  async #keys(): Promise<readonly string[]> {
    const keys: string[] = []
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: this.#client },
      { Bucket: bucketName },
    )) {
      for (const { Key } of Contents) if (Key !== undefined) keys.push(Key)
    }
    return keys
  }

  async #fetch(key: string): Promise<void> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: bucketName, Key: key }))
    const file = join(this.#into, key)
    await mkdir(dirname(file), { recursive: true })
    await pipeline(Body as Readable, createWriteStream(file))
  }
}
