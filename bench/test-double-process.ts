// What a test double costs a process of its own; test-double.bench.ts runs it.
//
//   node --expose-gc test-double-process.js first     milliseconds to the first record, through the SDK and without it
//   node --expose-gc test-double-process.js many      memory of many streams, each shard of which was written once
//   node --expose-gc test-double-process.js fork      milliseconds to fork a store of many records
//
// Prints a line of JSON.
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis'
import { awsRequestHandler } from 'millrace/aws'
import { drain, type TestStore, testStore } from 'millrace/testing'

const streams = 1_000
const shards = 4
const forkedRecords = 10_000
const payload: Buffer = Buffer.alloc(100)

/** The first store of a process that has only imported, the next one, and one without the SDK. */
async function first(): Promise<Record<string, number>> {
  const sdkMs = await throughSdk()
  const sdkAgainMs = await throughSdk()
  const startedAt = performance.now()
  await using store = await testStore()
  const stream = await store.createStream('test')
  await stream.put('key', payload)
  const records = await drain(stream)
  const plainMs = performance.now() - startedAt
  if (records.length !== 1) throw new Error(`${records.length} records were read`)
  return { sdkMs, sdkAgainMs, plainMs }
}

/** From the call of testStore until a record was put and read back, the making of the client included. */
async function throughSdk(): Promise<number> {
  const startedAt = performance.now()
  const store = await testStore()
  const stream = await store.createStream('test')
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'any' },
    requestHandler: awsRequestHandler(store),
  })
  await client.send(new PutRecordCommand({ StreamName: 'test', PartitionKey: 'key', Data: payload }))
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({
      StreamName: 'test',
      ShardId: stream.shards()[0]?.shardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  )
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }))
  const tookMs = performance.now() - startedAt
  if (Records.length !== 1) throw new Error(`${Records.length} records were read`)
  client.destroy()
  await store.close()
  return tookMs
}

async function many(): Promise<Record<string, number>> {
  const beforeBytes = residentBytes()
  await using store = await testStore()
  for (let index = 0; index < streams; index++) await writeOnce(store, `stream-${index}`)
  return { beforeBytes, bytes: residentBytes() }
}

async function writeOnce(store: TestStore, name: string): Promise<void> {
  const stream = await store.createStream(name, { shards })
  await stream.putBatch(
    stream.shards().map(({ startingHashKey: explicitHashKey }) => ({
      partitionKey: 'key',
      data: payload,
      explicitHashKey,
    })),
  )
}

async function fork(): Promise<Record<string, number>> {
  await using store = await testStore()
  const stream = await store.createStream('test', { shards })
  for (let record = 0; record < forkedRecords; record++) {
    stream.append(`key-${record % 100}`, payload)
    if (record % 10 === 0) store.clock.advanceNow(1)
  }
  await (await store.fork()).close() // warms up
  const startedAt = performance.now()
  await using forked = await store.fork()
  const forkMs = performance.now() - startedAt
  const records = await drain(forked.stream('test'))
  if (records.length !== forkedRecords) throw new Error(`${records.length} records were forked`)
  return { forkMs }
}

function residentBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

const questions: Readonly<Record<string, () => Promise<Record<string, number>>>> = { first, many, fork }
const question = questions[process.argv[2] ?? '']
if (question === undefined) throw new RangeError('first, many or fork')
process.stdout.write(`${JSON.stringify(await question())}\n`)
