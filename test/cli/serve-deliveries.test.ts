import {
  CreateDeliveryStreamCommand,
  type CreateDeliveryStreamCommandInput,
  FirehoseClient,
  PutRecordCommand,
} from '@aws-sdk/client-firehose'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { nextTurn } from '../../src/clock.ts'
import { deliveryOptions, type DeliverySettings } from '../../src/cli/delivery-options.ts'
import { folder, serving } from '../server/serving.ts'
import { millrace } from './millrace.ts'

const RoleARN = 'arn:aws:iam::123456789012:role/firehose'
const S3 = { RoleARN, BucketARN: 'arn:aws:s3:::records' }

function clientOf(endpoint: string): FirehoseClient {
  const credentials = { accessKeyId: 'id', secretAccessKey: 'a-secret-that-no-log-shows' }
  const client = new FirehoseClient({ region: 'us-east-1', credentials, endpoint, maxAttempts: 1 })
  onTestFinished(() => client.destroy())
  return client
}

/** Puts records into a delivery stream that is made first. */
async function put(
  endpoint: string,
  destination: Partial<CreateDeliveryStreamCommandInput>,
  ...texts: string[]
): Promise<void> {
  const client = clientOf(endpoint)
  await client.send(new CreateDeliveryStreamCommand({ DeliveryStreamName: 'clicks', ...destination }))
  for (const text of texts) {
    const Record = { Data: Buffer.from(text) }
    await client.send(new PutRecordCommand({ DeliveryStreamName: 'clicks', Record }))
  }
}

function objectsIn(path: string): readonly string[] {
  return readdirSync(path, { recursive: true }).map(String)
}

/** An endpoint of HTTP that answers nobody until it is told to. */
class Collector {
  answers = false
  /** What it has taken. */
  readonly texts: string[] = []
  readonly server: Server = createServer((request, response) => void this.#take(request, response))

  async listen(): Promise<string> {
    onTestFinished(() => {
      this.server.closeAllConnections()
      this.server.close()
    })
    await once(this.server.listen(0, '127.0.0.1'), 'listening')
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    if (!this.answers) return
    const { requestId, timestamp, records } = JSON.parse(text) as {
      readonly requestId: string
      readonly timestamp: number
      readonly records: readonly { readonly data: string }[]
    }
    this.texts.push(...records.map(({ data }) => Buffer.from(data, 'base64').toString()))
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ requestId, timestamp }))
  }
}

describe('serve with delivery streams', () => {
  it("delivers into the store's own folder, and what is buffered when it ends", async () => {
    const dir = join(await folder(), 'data')
    const server = await serving('--dir', dir)
    await put(server.endpoint, { ExtendedS3DestinationConfiguration: S3 }, 'one\n')
    // It was read: what is only stored comes after the next start.
    const metrics = async () => (await fetch(`${server.endpoint}/metrics`)).text()
    while (!(await metrics()).includes('firehose_buffered_records{delivery_stream="clicks"} 1')) continue
    server.child.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0 })
    expect(objectsIn(join(dir, 'buckets', 'records'))).toContainEqual(expect.stringMatching(/\/clicks-1-/))
  })

  it('has no place for buckets with --memory, and says what to set', async () => {
    const server = await serving('--memory')
    await expect(put(server.endpoint, { ExtendedS3DestinationConfiguration: S3 })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message: expect.stringContaining('buckets') as string,
    })
    server.child.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0 })
  })

  it('ends at once at a second signal, and delivers after the next start', async () => {
    const place = await folder()
    const dir = join(place, 'data')
    const collector = new Collector()
    const url = await collector.listen()
    const asked = once(collector.server, 'request')
    const server = await serving('--dir', dir, '--grace-seconds', '3600', '--buckets', join(place, 'b'))
    const HttpEndpointDestinationConfiguration = {
      EndpointConfiguration: { Url: url },
      BufferingHints: { IntervalInSeconds: 0, SizeInMBs: 1 },
      S3Configuration: S3,
      S3BackupMode: 'AllData',
    } as const
    await put(server.endpoint, { HttpEndpointDestinationConfiguration }, 'one\n')
    await asked
    server.child.kill('SIGTERM')
    while (!server.stderr().includes('"ending"')) await once(server.child.stderr ?? process.stderr, 'data')
    server.child.kill('SIGINT')
    expect(await server.ended).toMatchObject({ signal: 'SIGINT' })
    collector.answers = true
    const again = await serving('--dir', dir, '--buckets', join(place, 'b'))
    while (collector.texts.length === 0) await nextTurn()
    expect(collector.texts).toEqual(['one\n'])
    again.child.kill('SIGTERM')
    await again.ended
  })

  it('takes what delivery needs from the environment and a file, too', async () => {
    const place = await folder()
    const tables = join(place, 'tables.json')
    writeFileSync(
      tables,
      JSON.stringify({ 'default.clicks': { page: 'string', at: 'array<struct<a:int>>' } }),
    )
    const settings = join(place, 'settings.json')
    writeFileSync(settings, JSON.stringify({ memory: true, buckets: join(place, 'b'), tables }))
    const server = await serving('--config', settings)
    await put(server.endpoint, {
      ExtendedS3DestinationConfiguration: {
        ...S3,
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
        DataFormatConversionConfiguration: {
          Enabled: true,
          SchemaConfiguration: { RoleARN, DatabaseName: 'default', TableName: 'clicks', Region: 'us-east-1' },
          InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
          OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
        },
      },
    })
    server.child.kill('SIGTERM')
    expect(await server.ended).toMatchObject({ code: 0 })
  })

  it.each<[string, readonly string[], string]>([
    [
      'a bucket for a folder',
      ['--buckets', 's3://records'],
      'It must be a folder, or the URL of an endpoint',
    ],
    ['an address that is none', ['--lambda-endpoint', 'localhost:3001'], 'It must be a URL'],
    ['a region of a folder', ['--bucket-region', 'eu-west-1'], '--buckets names none'],
    ['a file that is not there', ['--tables', '/nowhere.json'], '--tables: /nowhere.json: no such file'],
  ])('refuses %s before anything is served', async (_what, args, said) => {
    const { code, stdout, stderr } = await millrace('serve', '--memory', '--port', '0', ...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(said)
  })

  it.each<[string, unknown, string]>([
    ['no object', [], 'must hold an object'],
    ['a table of nothing', { 'default.clicks': 'string' }, 'default.clicks must be an object of columns'],
    ['a type that is none', { 'default.clicks': { page: 'text' } }, 'default.clicks: page: '],
    ['a type that is no text', { 'default.clicks': { page: 7 } }, 'default.clicks: page: '],
  ])('refuses tables with %s', async (_what, value, said) => {
    const file = join(await folder(), 'tables.json')
    writeFileSync(file, JSON.stringify(value))
    await expect(deliveryOptions({ tables: file })).rejects.toThrow(said)
  })

  it('hands on where things are', async () => {
    const urls: DeliverySettings = {
      buckets: 'http://127.0.0.1:9000',
      bucketRegion: 'eu-west-1',
      lambdaEndpoint: 'http://127.0.0.1:3001',
      kinesisEndpoint: 'http://127.0.0.1:4568',
    }
    expect(await deliveryOptions(urls)).toEqual({
      buckets: { endpoint: 'http://127.0.0.1:9000', region: 'eu-west-1' },
      lambda: { endpoint: 'http://127.0.0.1:3001' },
      kinesis: { endpoint: 'http://127.0.0.1:4568' },
    })
    expect(await deliveryOptions({ buckets: 'there' })).toEqual({ buckets: 'there' })
  })
})
