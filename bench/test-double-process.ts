// What a test double costs a process of its own; test-double.bench.ts runs it.
//
//   node --expose-gc test-double-process.js first     milliseconds to the first record, through the SDK and without it
//   node --expose-gc test-double-process.js sdk       milliseconds that the SDK takes for the same calls by itself
//   node --expose-gc test-double-process.js many      memory of many streams, each shard of which was written once
//   node --expose-gc test-double-process.js fork      milliseconds and memory to fork a store of 10,000 records
//   node --expose-gc test-double-process.js fork-large the same of 1,000,000 records
//
// Prints a line of JSON.
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type KinesisClientConfig,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis'
import { awsRequestHandler } from 'millrace/aws'
import { drain, type TestStore, testStore } from 'millrace/testing'

const streams = 1_000
const shards = 4
/** Kept open together, to tell what each takes. */
const keptForks = 8
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
  await putAndReadBack(awsRequestHandler(store), stream.shards()[0]?.shardId)
  const tookMs = performance.now() - startedAt
  await store.close()
  return tookMs
}

/** The same calls of a new process, answered with texts that were ready: no store could be faster. */
async function sdk(): Promise<Record<string, number>> {
  const startedAt = performance.now()
  await putAndReadBack(cannedHandler, 'shardId-000000000000')
  return { cannedMs: performance.now() - startedAt }
}

async function putAndReadBack(
  requestHandler: NonNullable<KinesisClientConfig['requestHandler']>,
  ShardId: string | undefined,
): Promise<void> {
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: '000000000000', secretAccessKey: 'any' },
    requestHandler,
  })
  await client.send(new PutRecordCommand({ StreamName: 'test', PartitionKey: 'key', Data: payload }))
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName: 'test', ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  )
  const { Records = [] } = await client.send(new GetRecordsCommand({ ShardIterator }))
  if (Records.length !== 1) throw new Error(`${Records.length} records were read`)
  client.destroy()
}

const sequenceNumber = '49590338271490256608559692538361571095921575989136588898'
const cannedAnswers: Readonly<Record<string, unknown>> = {
  PutRecord: { ShardId: 'shardId-000000000000', SequenceNumber: sequenceNumber },
  GetShardIterator: { ShardIterator: 'AAAA' },
  GetRecords: {
    Records: [{ Data: payload.toString('base64'), PartitionKey: 'key', SequenceNumber: sequenceNumber }],
    MillisBehindLatest: 0,
  },
}
const cannedHandler = {
  metadata: { handlerProtocol: 'h2' },
  async handle({ headers }: { readonly headers: Readonly<Record<string, string>> }) {
    const operation = headers['x-amz-target']?.split('.')[1] ?? ''
    const body = Buffer.from(JSON.stringify(cannedAnswers[operation]))
    const answered = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': 'none' }
    return { response: { statusCode: 200, headers: answered, body } }
  },
  destroy(): void {},
  updateHttpClientConfig(): void {},
  httpHandlerConfigs: (): Record<string, never> => ({}),
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

async function fork(records: number): Promise<Record<string, number>> {
  await using store = await testStore()
  const stream = await store.createStream('test', { shards })
  for (let record = 0; record < records; record++) {
    stream.append(`key-${record % 100}`, payload)
    if (record % 10 === 0) store.clock.advanceNow(1)
  }
  const begunAt = performance.now()
  await (await store.fork()).close() // warms up
  const firstMs = performance.now() - begunAt
  const startedAt = performance.now()
  await using forked = await store.fork()
  const forkMs = performance.now() - startedAt
  const beforeBytes = residentBytes()
  const kept: TestStore[] = []
  while (kept.length < keptForks) kept.push(await store.fork())
  const eachBytes = (residentBytes() - beforeBytes) / keptForks
  const read = await drain(forked.stream('test'))
  if (read.length !== records) throw new Error(`${read.length} records were forked`)
  for (const each of kept) await each.close()
  return { firstMs, forkMs, eachBytes }
}

function residentBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage.rss()
}

const questions: Readonly<Record<string, () => Promise<Record<string, number>>>> = {
  first,
  sdk,
  many,
  fork: () => fork(10_000),
  'fork-large': () => fork(1_000_000),
}
const question = questions[process.argv[2] ?? '']
if (question === undefined) throw new RangeError('first, sdk, many, fork or fork-large')
process.stdout.write(`${JSON.stringify(await question())}\n`)
