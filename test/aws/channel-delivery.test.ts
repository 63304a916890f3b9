import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import {
  CreateChannelCommand,
  PutRecordsCommand,
  type RecordFormatType,
  type S3StorageConfiguration,
  UpdateChannelCommand,
} from '@aws-sdk/client-kinesis'
import { Zstd } from '@hpcc-js/wasm-zstd'
import { beforeEach, describe, expect, it } from 'vitest'
import { nameOfChannel } from '../../src/firehose/channel-key.ts'
import { account, ChannelRig, region, streamArnOf } from './channel-rig.ts'

const StreamName = 'flights'
const key = { account, region, name: nameOfChannel('c') }

let rig: ChannelRig

beforeEach(async () => {
  rig = await ChannelRig.open([StreamName])
})

interface Chosen {
  readonly format?: RecordFormatType
  readonly storage?: Partial<S3StorageConfiguration>
  readonly deadBucket?: string
}

async function createChannel({ format = 'JSON', storage, deadBucket }: Chosen = {}): Promise<string> {
  const dead = {
    BucketARN: `arn:aws:s3:::${deadBucket}`,
    ExpectedBucketOwner: account,
    ErrorOutputPrefix: 'dead/',
  }
  const { ChannelDescription } = await rig.client.send(
    new CreateChannelCommand({
      ChannelName: 'c',
      ServiceExecutionRoleARN: `arn:aws:iam::${account}:role/r`,
      StreamConfigurationList: [
        { StreamARN: streamArnOf(StreamName), RecordConfiguration: { RecordFormatType: format } },
      ],
      S3DestinationConfiguration: {
        StorageConfiguration: {
          BucketARN: 'arn:aws:s3:::landing',
          ExpectedBucketOwner: account,
          CompressionType: 'NONE',
          ...storage,
        },
        DeadLetterQueueS3Configuration: deadBucket === undefined ? undefined : dead,
      },
    }),
  )
  return ChannelDescription?.ChannelARN ?? ''
}

/** All under one key, so that their order is kept. */
async function put(...records: readonly (string | Uint8Array)[]): Promise<void> {
  const Records = records.map((data) => ({ PartitionKey: 'p', Data: Buffer.from(data as string) }))
  await rig.client.send(new PutRecordsCommand({ StreamName, Records }))
}

/** Objects of a bucket by their keys, in the order of these. */
function objectsIn(bucket: string): readonly (readonly [key: string, bytes: Buffer])[] {
  const root = rig.folderOf(bucket)
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
    .map((path) => [path.slice(root.length + 1), readFileSync(path)] as const)
}

const textIn = (bucket: string): string =>
  Buffer.concat(objectsIn(bucket).map(([, bytes]) => bytes)).toString()

describe('a channel', () => {
  it('delivers JSON as lines, from its creation on', async () => {
    await put('{"before":1}')
    await rig.clock.advance(1)
    const id = (await createChannel()).split('/')[1]
    await put('{"a":1}', '[2]')
    await rig.firehose.flush(key)
    const [[name, bytes] = [], ...others] = objectsIn('landing')
    expect(others).toEqual([])
    expect(name).toMatch(
      new RegExp(`^kinesis-channel/c/${id}/2026/01/01/00/c-${id}-2026-01-01-00-00-[0-9a-f-]{36}$`),
    )
    expect(bytes?.toString()).toBe('{"a":1}\n[2]\n')
  })

  it.each<[RecordFormatType, string | Uint8Array, string, string]>([
    ['JSON', '{"a":', 'RecordFormat.InvalidJson', '{"good":1}\n'],
    ['JSON', Buffer.from([0x22, 0xff, 0x22]), 'RecordFormat.InvalidJson', '{"good":1}\n'],
    ['STRING', Buffer.from([0xc3]), 'RecordFormat.InvalidString', '{"good":1}\n'],
  ])('of %s keeps out %j, which is a dead letter', async (format, data, errorCode, delivered) => {
    await createChannel({ format, deadBucket: 'dead-letters' })
    await put(data, '{"good":1}')
    await rig.firehose.flush(key)
    expect(textIn('landing')).toBe(delivered)
    const [[name = '', line] = [], ...others] = objectsIn('dead-letters')
    expect(others).toEqual([])
    expect(name).toMatch(/^dead\/processing-failed\/2026\/01\/01\/00\/c-/)
    const rawData = Buffer.from(data as string).toString('base64')
    expect(JSON.parse(String(line))).toMatchObject({ errorCode, rawData })
  })

  it('has its dead letters beside its objects, if nobody says where', async () => {
    await createChannel()
    await put('bad')
    await rig.firehose.flush(key)
    expect(objectsIn('landing').map(([name]) => name)).toEqual([
      expect.stringMatching(
        /^kinesis-channel\/errors\/c\/[0-9a-f-]{36}\/processing-failed\/2026\/01\/01\/00\/c-/,
      ),
    ])
  })

  it('of BYTE_ARRAY joins records as they are, of STRING as lines', async () => {
    await createChannel({ format: 'BYTE_ARRAY' })
    await put(Buffer.from([0xff, 0]), Buffer.from([0x0a]), 'x')
    await rig.firehose.flush(key)
    expect(Buffer.concat(objectsIn('landing').map(([, bytes]) => bytes))).toEqual(
      Buffer.from([0xff, 0, 0x0a, 0x78]),
    )
  })

  it.each([
    ['GZIP', '.gz', (bytes: Buffer) => gunzipSync(bytes)],
    ['ZSTD', '.zst', async (bytes: Buffer) => (await Zstd.load()).decompress(bytes)],
  ] as const)('compresses with %s', async (CompressionType, extension, decompress) => {
    await createChannel({
      format: 'STRING',
      storage: { CompressionType, OutputKeyTemplate: 'x/!{yyyy}!{extension}', StorageClass: 'GLACIER_IR' },
    })
    await put('one', 'zwei ü')
    await rig.firehose.flush(key)
    const [[name = '', bytes = Buffer.alloc(0)] = []] = objectsIn('landing')
    expect(name).toMatch(/^x\/2026-[0-9a-f-]{36}/)
    expect(name.slice(-extension.length)).toBe(extension)
    expect(Buffer.from(await decompress(bytes)).toString()).toBe('one\nzwei ü\n')
  })

  it('goes on where it was, after a change and after a restart', async () => {
    const ChannelARN = await createChannel()
    await put('1')
    const S3DestinationConfiguration = { DataFreshnessInSeconds: 900 }
    await rig.client.send(new UpdateChannelCommand({ ChannelARN, S3DestinationConfiguration }))
    await put('2')
    await rig.firehose.flush(key)
    await rig.restart()
    expect(rig.firehose.deliveryStream(key).kind).toBe('channel')
    await put('3')
    await rig.firehose.flush(key)
    expect(textIn('landing').trim().split('\n').toSorted()).toEqual(['1', '2', '3'])
  })
})
