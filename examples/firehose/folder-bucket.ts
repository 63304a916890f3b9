import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Bucket, bucketName } from './bucket.ts'

/** A bucket that is a folder. */
export class FolderBucket implements Bucket {
  readonly forServer: string
  readonly #folder: string

  private constructor(folder: string) {
    this.forServer = folder
    this.#folder = join(folder, bucketName)
  }

  /** @param folder has a folder for each bucket */
  static async make(folder: string): Promise<FolderBucket> {
    const bucket = new FolderBucket(folder)
    await mkdir(bucket.#folder, { recursive: true })
    return bucket
  }

  get place(): string {
    return `the folder ${this.#folder}`
  }

  async count(): Promise<number> {
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => entry.isFile()).length
  }

  /** It is one already. */
  fetched(): Promise<string> {
    return Promise.resolve(this.#folder)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
