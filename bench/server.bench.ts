import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttp2Handler, NodeHttpHandler } from '@smithy/node-http-handler'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, BenchSession } from './bench.ts'
import { columns } from './columns.ts'
import { installPeers, peerVersions } from './compare/peers.ts'
import { cborOf } from './cbor-text.ts'
import {
  type KinesisServer,
  startCanned,
  startKinesalite,
  startKinesisLocal,
  startMillrace,
} from './kinesis-server.ts'
import { RawClient, rawRequest, statusOf } from './raw-client.ts'
import { showSpread, type Spread, spreadOf } from './spread.ts'

const entries = 500
const payloadBytes = 1024
/** A slow peer gets fewer calls: its rate is what counts. */
const batchMs = 400
const singleMs = 400
const connections = 16
const startLimitMs = 200
const json = 'application/x-amz-json-1.1'
const cbor = 'application/x-amz-cbor-1.1'
const credentials = { accessKeyId: '000000000000', secretAccessKey: 'none' }

/** What one way of calling a server gave: rates a second, or milliseconds, a figure for each round. */
type Figures = Map<string, number[]>

/** How fast is the server, next to others of its kind and to one that does nothing? */
export const bench: Bench = {
  question:
    'How fast does the server take records, beside kinesalite, kinesis-local and a server that only answers?',
  terms: [
    'Each server is a process of its own, in memory, without delays; the client is this process. A stream of 4 shards.',
    `PutRecords: ${entries} × ${payloadBytes} B a call, the request made before, one kept connection of HTTP/1.1, one call after the other.`,
    `PutRecord: 100 B, the same way; the rate with ${connections} connections at once. Each for ${singleMs} ms a round.`,
    'The SDK: PutRecord by a KinesisClient as it comes, which is HTTP/2 with a connection for each call; kinesis-local over TLS,',
    'since it takes no HTTP/2 without. kinesalite takes no HTTP/2 at all.',
    'floor: a Node server that reads each request whole and answers what it has ready.',
    'Start: from the start of the process to the answer of a first PutRecord, CreateStream included; a new one in each round.',
  ],
  async run(session) {
    installPeers((text) => session.progress(text))
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    const servers: Record<string, KinesisServer> = {
      millrace: await startMillrace(),
      floor: await startCanned(),
      kinesalite: await startKinesalite(),
      'kinesis-local': await startKinesisLocal(),
    }
    try {
      for (const [name, server] of Object.entries(servers)) if (name !== 'floor') await createStream(server)
      await compareBatches(session, servers)
      await compareSingles(session, servers)
      await compareSdk(session, servers)
      await measureStart(session)
    } finally {
      for (const { process: child } of Object.values(servers)) child.kill('SIGKILL')
    }
    const versions = peerVersions()
    session.say('', `kinesalite ${versions['kinesalite']}, kinesis-local ${versions['kinesis-local']}`)
  },
}

async function compareBatches(
  session: BenchSession,
  servers: Readonly<Record<string, KinesisServer>>,
): Promise<void> {
  const records = Array.from({ length: entries }, (_, index) => {
    return { PartitionKey: `key-${index}`, Data: Buffer.alloc(payloadBytes, index) }
  })
  const asJson = records.map(({ PartitionKey, Data }) => ({ PartitionKey, Data: Data.toString('base64') }))
  const bodies = {
    JSON: { type: json, body: Buffer.from(JSON.stringify({ StreamName: 's', Records: asJson })) },
    CBOR: { type: cbor, body: cborOf({ StreamName: 's', Records: records }) },
  }
  for (const [kind, { type, body }] of Object.entries(bodies)) {
    const request = rawRequest('PutRecords', type, body)
    const figures = await inTurn(session, servers, `PutRecords ${kind}`, async (server) => {
      const client = await RawClient.open(server.port)
      const { calls, ms } = await callFor(client, request, batchMs)
      client.close()
      return (calls * entries * 1000) / ms
    })
    const aims = kind === 'JSON' ? { kinesalite: 15, 'kinesis-local': 100 } : {}
    session.say('', `PutRecords, ${kind}, records a second`, '', ...rateTable(figures, aims))
  }
}

async function compareSingles(
  session: BenchSession,
  servers: Readonly<Record<string, KinesisServer>>,
): Promise<void> {
  const Data = Buffer.alloc(100).toString('base64')
  const request = rawRequest(
    'PutRecord',
    json,
    Buffer.from(JSON.stringify({ StreamName: 's', PartitionKey: 'key', Data })),
  )
  const p50 = await inTurn(session, servers, 'PutRecord', async (server) => {
    const client = await RawClient.open(server.port)
    const { latencies } = await callFor(client, request, singleMs)
    client.close()
    return median(latencies) * 1000
  })
  session.say('', 'PutRecord, one at a time, p50 in us', '', ...timeTable(p50, { kinesalite: 0.5 }))
  const rates = await inTurn(session, servers, `PutRecord x ${connections}`, async (server) => {
    const clients = await Promise.all(Array.from({ length: connections }, () => RawClient.open(server.port)))
    const startedAt = performance.now()
    const all = await Promise.all(clients.map((client) => callFor(client, request, singleMs)))
    const ms = performance.now() - startedAt
    for (const client of clients) client.close()
    return (all.reduce((sum, { calls }) => sum + calls, 0) * 1000) / ms
  })
  session.say(
    '',
    `PutRecord, ${connections} connections, calls a second`,
    '',
    ...rateTable(rates, { kinesalite: 5 }),
  )
}

async function compareSdk(
  session: BenchSession,
  servers: Readonly<Record<string, KinesisServer>>,
): Promise<void> {
  const { millrace, 'kinesis-local': local } = servers as Record<string, KinesisServer>
  const contenders = { ...(millrace && { millrace }), ...(local && { 'kinesis-local': local }) }
  const rates: Figures = new Map(Object.keys(contenders).map((name) => [name, []]))
  const p50 = await inTurn(session, contenders, 'SDK', async (server) => {
    const client = sdkClient(server)
    const latencies: number[] = []
    const startedAt = performance.now()
    for (let at = startedAt; at - startedAt < 2 * singleMs;) {
      await client.send(sdkPut())
      const now = performance.now()
      latencies.push(now - at)
      at = now
    }
    client.destroy()
    const [name = ''] = Object.entries(contenders).find(([, other]) => other === server) ?? []
    rates.get(name)?.push((latencies.length * 1000) / (performance.now() - startedAt))
    return median(latencies) * 1000
  })
  // The first round is not counted.
  for (const each of rates.values()) each.shift()
  session.say('', 'PutRecord by the SDK, HTTP/2 with a session each, p50 in us', '', ...timeTable(p50, {}))
  session.say('', 'The same, calls a second', '', ...rateTable(rates, {}))
}

function sdkClient(server: KinesisServer): KinesisClient {
  return new KinesisClient({
    region: 'us-east-1',
    credentials,
    endpoint:
      server.tlsPort === undefined
        ? `http://127.0.0.1:${server.port}`
        : `https://127.0.0.1:${server.tlsPort}`,
    requestHandler: new NodeHttp2Handler({ disableConcurrentStreams: true }),
  })
}

function sdkPut(): PutRecordCommand {
  return new PutRecordCommand({ StreamName: 's', PartitionKey: 'key', Data: Buffer.alloc(100) })
}

async function measureStart(session: BenchSession): Promise<void> {
  const times: number[] = []
  for (let round = 0; round <= session.rounds; round++) {
    session.progress(`start: round ${round} of ${session.rounds}`)
    const startedAt = performance.now()
    const server = await startMillrace()
    const client = await RawClient.open(server.port)
    await client.call(rawRequest('CreateStream', json, Buffer.from('{"StreamName":"s","ShardCount":1}')))
    const put = Buffer.from('{"StreamName":"s","PartitionKey":"key","Data":"AAAA"}')
    const answer = await client.call(rawRequest('PutRecord', json, put))
    if (statusOf(answer) !== 200) throw new Error(answer.toString())
    if (round > 0) times.push(performance.now() - startedAt)
    client.close()
    server.process.kill('SIGKILL')
  }
  const { median: ms } = spreadOf(times)
  const kept = ms <= startLimitMs ? 'kept' : 'MISSED'
  session.say(
    '',
    `Start to the first record: ${showSpread(spreadOf(times), 0)} ms; goal ${startLimitMs}, ${kept}.`,
  )
}

/** Measures each server in turn, round by round; the first round is not counted. */
async function inTurn(
  session: BenchSession,
  servers: Readonly<Record<string, KinesisServer>>,
  what: string,
  measure: (server: KinesisServer) => Promise<number>,
): Promise<Figures> {
  const figures: Figures = new Map(Object.keys(servers).map((name) => [name, []]))
  for (let round = 0; round <= session.rounds; round++) {
    for (const [name, server] of Object.entries(servers)) {
      session.progress(`${what}: round ${round} of ${session.rounds}, ${name}`)
      const figure = await measure(server)
      if (round > 0) figures.get(name)?.push(figure)
    }
  }
  return figures
}

async function callFor(
  client: RawClient,
  request: Buffer,
  ms: number,
): Promise<{ readonly calls: number; readonly ms: number; readonly latencies: readonly number[] }> {
  const latencies: number[] = []
  const startedAt = performance.now()
  let at = startedAt
  while (at - startedAt < ms) {
    const answer = await client.call(request)
    if (statusOf(answer) !== 200) throw new Error(answer.toString('utf8', 0, 400))
    const now = performance.now()
    latencies.push(now - at)
    at = now
  }
  return { calls: latencies.length, ms: at - startedAt, latencies }
}

function rateTable(figures: Figures, aims: Readonly<Record<string, number>>): string[] {
  return table(
    figures,
    aims,
    0,
    (own, other) => own / other,
    (ratio, aim) => ratio >= aim,
    'at least',
  )
}

function timeTable(figures: Figures, aims: Readonly<Record<string, number>>): string[] {
  return table(
    figures,
    aims,
    0,
    (own, other) => own / other,
    (ratio, aim) => ratio <= aim,
    'at most',
  )
}

function table(
  figures: Figures,
  aims: Readonly<Record<string, number>>,
  decimals: number,
  ratioOf: (own: number, other: number) => number,
  keeps: (ratio: number, aim: number) => boolean,
  words: string,
): string[] {
  const own = figures.get('millrace') ?? []
  const ratios = new Map<string, Spread>()
  for (const [name, others] of figures) {
    if (name === 'millrace') continue
    ratios.set(name, spreadOf(own.map((figure, round) => ratioOf(figure, others[round] ?? Number.NaN))))
  }
  const rows = [...figures].map(([name, each]) => {
    const ratio = ratios.get(name)
    return [name, showSpread(spreadOf(each), decimals), ratio === undefined ? '' : showSpread(ratio, 2)]
  })
  const goals = Object.entries(aims).map(([name, aim]) => {
    const { median: ratio } = ratios.get(name) ?? spreadOf([])
    return `Goal: ${words} ${aim} times ${name}: ${ratio.toFixed(2)}, ${keeps(ratio, aim) ? 'kept' : 'MISSED'}.`
  })
  return [
    ...columns(['', 'median (least – most)', 'millrace is so many times'], rows),
    ...(goals.length === 0 ? [] : ['', ...goals]),
  ]
}

function median(figures: readonly number[]): number {
  return spreadOf(figures).median
}

async function createStream({ port }: KinesisServer): Promise<void> {
  const client = new KinesisClient({
    region: 'us-east-1',
    credentials,
    endpoint: `http://127.0.0.1:${port}`,
    requestHandler: new NodeHttpHandler(),
  })
  await client.send(new DeleteStreamCommand({ StreamName: 's' })).catch(() => undefined)
  await client.send(new CreateStreamCommand({ StreamName: 's', ShardCount: 4 }))
  for (;;) {
    const answer = await client.send(new DescribeStreamSummaryCommand({ StreamName: 's' }))
    if (answer.StreamDescriptionSummary?.StreamStatus === 'ACTIVE') break
    await pause(10)
  }
  client.destroy()
}
