// node test/soak/server.mjs [--gigabytes 5] [--warm-up 0.25] [--subscriptions 500] [--settle 20] [--seconds 60]
//     [--folder <parent>] [--samples <file>]
//
// Puts so many gigabytes through `millrace serve` on a folder (PutRecords of 500 records of 1 KiB, eight connections of
// HTTP/1.1, a reader beside them), and samples the anonymous memory of the server. Then opens subscriptions that have
// nothing to read, over HTTP/2 and over HTTP/1.1, lets them settle for so many seconds, and samples for so many what of a
// core the server takes. Exit code 1 if memory goes beyond 150 MiB or its lows grow after the warm-up (a part of the gigabytes)
// by more than noise explains, or idle subscriptions take more than 1 % of a core.
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { anyNumber, existingFolder, shapedText, trialOptions } from '../trials/trial-options.mjs'
import { ServerClient } from './server-client.mjs'
import { ServerProcess } from './server-process.mjs'
import { fitLine, isFlat } from './slope.mjs'

const { values } = trialOptions({
  gigabytes: anyNumber(5, { above: 0 }),
  'warm-up': anyNumber(0.25, { least: 0, below: 1 }),
  subscriptions: anyNumber(500, { least: 1, most: 2000 }),
  settle: anyNumber(20, { least: 0 }),
  seconds: anyNumber(60, { above: 0 }),
  folder: existingFolder(tmpdir()),
  samples: shapedText('the name of a file', /^[^-]/),
})
const MiB = 2 ** 20
const connections = 8
const recordBytes = 1024
const batchRecords = 500
const consumersMax = 20
const sampleCount = 200
const samplesShown = 20
const samplesInGroup = 5
const rssAnonMax = 150 * MiB
/** The young generation of the heap alone is cleared and filled again in steps of up to 16 MiB. */
const allowance = { share: 0.05, least: 8 * MiB }
const idleShareMax = 0.01

const folder = mkdtempSync(join(values.folder, 'millrace-soak-server-'))
const server = await ServerProcess.start(folder, ['--stream', 'load:4'])
let good = true

try {
  await throughput()
  await idleSubscriptions(2)
  await idleSubscriptions(1)
} finally {
  const code = await server.end()
  if (code !== 0) good = false
  process.stdout.write(`soak: the server ended with ${code}\n`)
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = good ? 0 : 1

/** Puts, reads and samples. */
async function throughput() {
  const client = new ServerClient(server.endpoint, connections + 1)
  const data = Buffer.alloc(recordBytes, 'x').toString('base64')
  const Records = Array.from({ length: batchRecords }, (_, key) => ({
    PartitionKey: `key-${key}`,
    Data: data,
  }))
  const body = JSON.stringify({ StreamName: 'load', Records })
  const bytesMax = values.gigabytes * 1e9
  const samples = []
  let bytes = 0
  const startedAt = performance.now()
  const puts = Array.from({ length: connections }, async () => {
    while (bytes < bytesMax) {
      if (bytes >= (samples.length * bytesMax) / sampleCount) takeSample(samples, bytes)
      bytes += batchRecords * recordBytes
      const { FailedRecordCount } = JSON.parse(await client.send('PutRecords', body))
      if (FailedRecordCount > 0) throw new Error(`${FailedRecordCount} records failed`)
    }
  })
  const done = { now: false }
  const reading = readAlong(client, done)
  await Promise.all(puts)
  const seconds = (performance.now() - startedAt) / 1000
  done.now = true
  const read = await reading
  takeSample(samples, bytes)
  client.close()
  process.stdout.write(
    `soak: ${(bytes / 1e9).toFixed(2)} GB put in ${seconds.toFixed(1)} s (${(bytes / 1e6 / seconds).toFixed(0)} MB/s), ` +
      `${(read / 1e9).toFixed(2)} GB read\n`,
  )
  judgeMemory(samples)
}

function takeSample(samples, bytes) {
  const rssAnon = server.rssAnon()
  if (samples.length % (sampleCount / samplesShown) === 0) {
    process.stdout.write(`soak: ${(bytes / 1e9).toFixed(2)} GB, RssAnon ${inMiB(rssAnon)} MiB\n`)
  }
  samples.push([bytes, rssAnon])
  if (values.samples !== undefined) appendFileSync(values.samples, `${bytes} ${rssAnon}\n`)
}

function judgeMemory(samples) {
  const most = Math.max(...samples.map(([, rssAnon]) => rssAnon))
  const last = samples.at(-1)[0]
  const counted = lowsOf(samples).filter(([bytes]) => bytes >= last * values['warm-up'])
  const line = fitLine(counted)
  const verdict = most > rssAnonMax ? 'TOO MUCH' : isFlat(line, allowance) ? 'flat' : 'GROWS'
  good &&= verdict === 'flat'
  process.stdout.write(
    `soak: RssAnon at most ${inMiB(most)} MiB; lows after the warm-up (${counted.length}): ` +
      `mean ${inMiB(line.mean)} MiB, noise ${inMiB(line.noise)} MiB, ` +
      `gain ${inMiB(line.gain)} MiB (± ${inMiB(line.gainError)}): ${verdict}\n`,
  )
}

/** The lowest of each few samples: what is held. Above it garbage comes and goes, more of it the busier the machine is. */
function lowsOf(samples) {
  const groups = Math.floor(samples.length / samplesInGroup)
  return Array.from({ length: groups }, (_, group) =>
    samples
      .slice(group * samplesInGroup, (group + 1) * samplesInGroup)
      .reduce((low, sample) => (sample[1] < low[1] ? sample : low)),
  )
}

/** Follows one shard, as a consumer does. Answers how many bytes of data it read. */
async function readAlong(client, done) {
  const start = { StreamName: 'load', ShardId: shardId(0), ShardIteratorType: 'LATEST' }
  let { ShardIterator } = await client.call('GetShardIterator', start)
  let read = 0
  while (!done.now) {
    const page = await client.call('GetRecords', { ShardIterator, Limit: 1000 })
    read += page.Records.length * recordBytes
    ShardIterator = page.NextShardIterator
    await pause(20)
  }
  return read
}

/** Opens subscriptions to shards without records, and samples. */
async function idleSubscriptions(http) {
  const client = new ServerClient(server.endpoint, 1)
  const StreamName = `idle-${http}`
  await client.call('CreateStream', {
    StreamName,
    ShardCount: Math.ceil(values.subscriptions / consumersMax),
  })
  const { StreamDescriptionSummary } = await client.call('DescribeStreamSummary', { StreamName })
  const { StreamARN } = StreamDescriptionSummary
  const consumers = []
  for (let index = 0; index < consumersMax; index++) {
    const { Consumer } = await client.call('RegisterStreamConsumer', {
      StreamARN,
      ConsumerName: `c${index}`,
    })
    consumers.push(Consumer.ConsumerARN)
  }
  for (let index = 0; index < values.subscriptions; index++) {
    const ConsumerARN = consumers[index % consumersMax]
    const ShardId = shardId(Math.floor(index / consumersMax))
    await client.subscribe({ ConsumerARN, ShardId, StartingPosition: { Type: 'LATEST' } }, http)
  }
  await pause(values.settle * 1000)
  const before = server.cpuSeconds()
  const startedAt = performance.now()
  await pause(values.seconds * 1000)
  const share = (server.cpuSeconds() - before) / ((performance.now() - startedAt) / 1000)
  const idle = share < idleShareMax
  good &&= idle
  process.stdout.write(
    `soak: ${values.subscriptions} idle subscriptions over ${http === 2 ? 'HTTP/2' : 'HTTP/1.1'} take ` +
      `${(share * 100).toFixed(2)} % of a core over ${values.seconds} s, RssAnon ${inMiB(server.rssAnon())} MiB: ` +
      `${idle ? 'idle' : 'NOT IDLE'} (${availableParallelism()} processors)\n`,
  )
  client.close()
}

function shardId(index) {
  return `shardId-${String(index).padStart(12, '0')}`
}

function inMiB(bytes) {
  return (bytes / MiB).toFixed(bytes < 10 * MiB ? 1 : 0)
}
