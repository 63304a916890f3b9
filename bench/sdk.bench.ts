import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { open } from 'millrace'
import { awsRequestHandler } from 'millrace/aws'
import type { Bench, BenchSession } from './bench.ts'
import { installPeers, peerVersions } from './compare/peers.ts'
import { startKinesisLocal } from './kinesis-server.ts'
import { type Contender, contest, outcomeOf, showContest, speedRatio } from './contest.ts'
import { showSpread } from './spread.ts'
import { Stopwatch } from './stopwatch.ts'

const calls = 4
const entries = 500
const payloadBytes = 1024
const records: number = calls * entries
const goal = 10

const credentials = { accessKeyId: '000000000000', secretAccessKey: 'none' }

/** What does a program that uses the AWS SDK gain by an embedded store? */
export const bench: Bench = {
  question:
    'How fast are PutRecords and GetRecords by the AWS SDK, in this process and against kinesis-local?',
  terms: [
    `Each round: a new stream of one shard, ${calls} PutRecords of ${entries} × ${payloadBytes} B one after the other, timed;`,
    `then GetRecords from TRIM_HORIZON until all ${records} are read, timed. The stream is made and deleted outside of the time.`,
    'millrace: KinesisClient with awsRequestHandler on a store in memory. kinesis-local: KinesisClient over HTTP/1.1 without',
    'TLS, in a process of its own, without delays, its logging at ERROR. Both with the same client, in turn.',
  ],
  async run(session) {
    installPeers((text) => session.progress(text))
    const peer = await startKinesisLocal()
    await using store = await open('memory:')
    const clients = {
      millrace: new KinesisClient({
        region: 'us-east-1',
        credentials,
        requestHandler: awsRequestHandler(store),
      }),
      'kinesis-local': clientOf(peer.port),
    }
    try {
      await compare(session, clients)
      session.say('', `kinesis-local ${peerVersions()['kinesis-local']}`)
    } finally {
      for (const client of Object.values(clients)) client.destroy()
      peer.process.kill()
    }
  },
}

async function compare(
  session: BenchSession,
  clients: Readonly<Record<string, KinesisClient>>,
): Promise<void> {
  for (const work of ['PutRecords', 'GetRecords'] as const) {
    const contenders = Object.entries(clients).map(([name, client]) => contender(name, client, work))
    const outcomes = await contest(contenders, session.rounds, async (what) =>
      session.progress(`${work}: ${what}`),
    )
    session.say('', work, '', ...showContest(outcomes, { records, payloadBytes }, ['kinesis-local']))
    const ratio = speedRatio(outcomeOf(outcomes, 'millrace'), outcomeOf(outcomes, 'kinesis-local'))
    const kept = ratio.median >= goal ? 'kept' : 'MISSED'
    session.say('', `Goal: ${work} at least ${goal} times kinesis-local: ${showSpread(ratio, 1)}, ${kept}.`)
  }
}

function contender(name: string, client: KinesisClient, work: 'PutRecords' | 'GetRecords'): Contender {
  let round = 0
  return {
    name,
    async round() {
      const StreamName = `${work}-${round++}`
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
      await active(client, StreamName)
      const putting = new Stopwatch()
      await put(client, StreamName)
      const timing = putting.read()
      if (work === 'PutRecords') {
        await client.send(new DeleteStreamCommand({ StreamName }))
        return timing
      }
      const ShardId = 'shardId-000000000000'
      const start = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' as const }
      const { ShardIterator } = await client.send(new GetShardIteratorCommand(start))
      const reading = new Stopwatch()
      await readAll(client, ShardIterator)
      const read = reading.read()
      await client.send(new DeleteStreamCommand({ StreamName }))
      return read
    },
  }
}

async function put(client: KinesisClient, StreamName: string): Promise<void> {
  for (let call = 0; call < calls; call++) {
    const Records = Array.from({ length: entries }, (_, index) => {
      return { PartitionKey: `key-${index}`, Data: Buffer.alloc(payloadBytes, index) }
    })
    const { FailedRecordCount } = await client.send(new PutRecordsCommand({ StreamName, Records }))
    if (FailedRecordCount !== 0) throw new Error(`${FailedRecordCount} records were refused`)
  }
}

async function readAll(client: KinesisClient, first: string | undefined): Promise<void> {
  let ShardIterator = first
  for (let read = 0; read < records;) {
    const answer = await client.send(new GetRecordsCommand({ ShardIterator }))
    for (const { Data } of answer.Records ?? []) {
      if (Data?.length !== payloadBytes) throw new Error('a record came back with another size')
    }
    read += answer.Records?.length ?? 0
    ShardIterator = answer.NextShardIterator
  }
}

async function active(client: KinesisClient, StreamName: string): Promise<void> {
  for (;;) {
    const { StreamDescriptionSummary } = await client.send(new DescribeStreamSummaryCommand({ StreamName }))
    if (StreamDescriptionSummary?.StreamStatus === 'ACTIVE') return
    await pause(1)
  }
}

function clientOf(port: number): KinesisClient {
  return new KinesisClient({
    region: 'us-east-1',
    credentials,
    endpoint: `http://127.0.0.1:${port}`,
    requestHandler: new NodeHttpHandler(),
  })
}
