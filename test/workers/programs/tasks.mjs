// What workers do in the tests of threads that share a store. Says 'ready' once its store is open, then runs the
// task, then says what came of it.
import { parentPort, workerData } from 'node:worker_threads'

/** Tells the test. */
function say(message) {
  parentPort.postMessage(message) // oxlint-disable-line unicorn/require-post-message-target-origin -- no window
}

const { dist, folder, task, id, options, timeMs } = workerData
const { open } = await import(dist)
const store = await open(folder, timeMs === undefined ? options : { ...options, clock: clockOf(timeMs) })
const stream = store.stream('s')
// Waiting for records keeps no thread alive; listening does.
parentPort.on('message', () => {})
say('ready')

/** The clock that a test shares with all. */
function clockOf(memory) {
  const now = new Float64Array(memory)
  return { nowMs: () => now[0], monotonicMs: () => now[0], after: () => () => {} }
}

/** A client of the AWS SDK on this worker's store. */
async function awsClient() {
  const [{ KinesisClient }, { awsRequestHandler }] = await Promise.all([
    import('@aws-sdk/client-kinesis'),
    import(new URL('aws/index.js', dist)),
  ])
  return new KinesisClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    requestHandler: awsRequestHandler(store),
    maxAttempts: 1,
  })
}

/** How many of so many calls are answered; any other failure than of a limit is one. */
async function answered(calls, call) {
  let count = 0
  for (let n = 0; n < calls; n++) {
    try {
      await call()
      count += 1
    } catch (error) {
      const limits = ['ProvisionedThroughputExceededException', 'LimitExceededException']
      if (error.code !== 'ERR_MILLRACE_THROTTLED' && !limits.includes(error.name)) throw error
    }
  }
  return count
}

/** A store that is being resharded has to be asked again. */
async function appendPatiently(key, data) {
  for (;;) {
    try {
      return stream.append(key, data)
    } catch (error) {
      if (error.code !== 'ERR_MILLRACE_BACKLOG') throw error
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

/** Splits or merges what is lowest or highest, unless somebody else is at it. */
async function changeShards(round) {
  const shards = stream
    .listShards({ filter: { type: 'atLatest' } })
    .toSorted((a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1))
  const [lower, upper] = round % 4 < 2 ? shards : shards.slice(-2)
  const middle = (BigInt(lower.startingHashKey) + BigInt(lower.endingHashKey)) / 2n
  try {
    if (round % 2 === 0) await stream.splitShard(lower.shardId, middle.toString())
    else await stream.mergeShards(lower.shardId, upper.shardId)
  } catch (error) {
    const others = ['ERR_MILLRACE_STREAM_NOT_ACTIVE', 'ERR_MILLRACE_SHARD_SEALED', 'ERR_MILLRACE_BACKLOG']
    if (!others.includes(error.code)) throw error
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const tasks = {
  /** Batches to all shards, then single puts of one key. */
  async put() {
    for (let at = 0; at < 5_000; at += 100) {
      const entries = Array.from({ length: 100 }, (_, index) => ({
        partitionKey: `k${(at + index) % 89}`,
        data: Buffer.from(`${id}:${at + index}`),
      }))
      const results = await stream.putBatch(entries)
      if (!results.every((result) => result.ok)) throw new Error('a record was refused')
    }
    for (let index = 0; index < 50; index++) await stream.put('same', Buffer.from(`${id}:same:${index}`))
    return 5_050
  },
  async appendNow() {
    for (let index = 0; index < 3_000; index++) stream.append(`k${index % 89}`, Buffer.from(`${id}:${index}`))
    return 3_000
  },
  /** Tags the stream and registers consumers, each time beside others who do. */
  async set() {
    for (let n = 0; n < 10; n++) {
      await stream.settings.tag({ [`k${id}-${n}`]: String(id) })
      if (n % 2 === 0) await stream.consumers.register(`c${id}-${n}`)
    }
    return 'set'
  },
  async deleteIt() {
    await store.deleteStream('s')
    return 'deleting'
  },
  /** Counts what comes until it has seen the end. */
  async tail() {
    let seen = 0
    for await (const record of stream.read({ from: 'oldest' })) {
      if (Buffer.from(record.data).toString() === 'the end') return seen
      seen += 1
    }
    throw new Error('the read ended')
  },
  /** Puts texts that count for each key of this worker, one after the other, in every way there is. */
  async putCounted() {
    for (let n = 0; n < 1_200; n++) {
      const data = Buffer.from(`${id}:${n}`)
      const key = `k${id}-${n % 7}`
      if (n % 3 === 0) await stream.put(key, data)
      else if (n % 3 === 1) {
        const [result] = await stream.putBatch([{ partitionKey: key, data }])
        if (!result.ok) throw result.error
      } else if (options.durability === 'commit') await stream.put(key, data)
      else await appendPatiently(key, data)
      if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    return 1_200
  },
  /** Splits and merges, and says 'going' after the first. */
  async reshard() {
    for (let round = 0; round < 12; round++) {
      await changeShards(round)
      if (round === 0) say('going')
    }
    return stream.describe().shardCount
  },
  /** The same until it is terminated. */
  async reshardForEver() {
    say('going')
    for (let round = 0; ; round++) await changeShards(round)
  },
  /** Follows until it has as many records as its id says; each key's in their order. */
  async follow() {
    const last = new Map()
    let seen = 0
    for await (const { partitionKey, data } of stream.read({ from: 'oldest' })) {
      const n = Number(Buffer.from(data).toString().split(':')[1])
      if (n <= (last.get(partitionKey) ?? -1))
        throw new Error(`${partitionKey}: ${n} came again, or too late`)
      last.set(partitionKey, n)
      if (++seen === id) return seen
    }
    throw new Error('the read ended')
  },
  async makeStreams() {
    for (let index = 0; index < 20; index++) {
      const made = await store.createStream(`made-${id}-${index}`)
      await made.put('k', Buffer.from('v'))
    }
    return store.listStreams().length
  },
  async retention() {
    await stream.setRetention(24 + id)
    return stream.describe().retentionHours
  },
  async remove() {
    await store.deleteStream('s')
    return 'deleted'
  },
  /** Until it is terminated. */
  async forEver() {
    for (let index = 0; ; index++) {
      await stream.putBatch(
        Array.from({ length: 50 }, (_, at) => ({
          partitionKey: `k${at}`,
          data: Buffer.from(`${id}:${index}:${at}`),
        })),
      )
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (index === 20) say('going')
    }
  },
  /** Holds leases of all that can be leased, until it is terminated; with another id, until it is through. */
  async lease() {
    const leases = []
    for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail', lease: true })) {
      if (!batch.leased) continue
      leases.push([batch, batch.lease()])
      for (let index = 0; index < batch.length; index++) batch.data(index).fill(0)
    }
    say('going')
    if (id === 0) await new Promise(() => {})
    return leases.length
  },
  /** Puts one key in every way there is, 1,500 records, and counts what is taken. */
  async hammer() {
    let taken = await answered(300, () => stream.put('k', Buffer.from('v')))
    taken += await answered(300, () => stream.append('k', Buffer.from('v')))
    for (let round = 0; round < 9; round++) {
      const entries = Array.from({ length: 100 }, () => ({ partitionKey: 'k', data: Buffer.from('v') }))
      const results = await stream.putBatch(entries)
      taken += results.filter(({ ok }) => ok).length
    }
    return taken
  },
  /** The same until it is terminated. */
  async hammerForEver() {
    say('going')
    for (;;) await tasks.hammer()
  },
  /** Calls of each kind that are answered. */
  async callAws() {
    const { DescribeStreamCommand, GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } =
      await import('@aws-sdk/client-kinesis')
    const client = await awsClient()
    const start = { StreamName: 's', ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' }
    let iterator
    const iterators = await answered(id, async () => {
      const answer = await client.send(new GetShardIteratorCommand(start))
      iterator = answer.ShardIterator
    })
    const reads = await answered(20, () => client.send(new GetRecordsCommand({ ShardIterator: iterator })))
    const describes = await answered(20, () => client.send(new DescribeStreamCommand({ StreamName: 's' })))
    const lists = await answered(700, () => client.send(new ListShardsCommand({ StreamName: 's' })))
    return { iterators, reads, describes, lists }
  },
  async waitForEver() {
    const reader = stream.read({ from: 'latest' })
    const next = reader.next()
    say('going')
    await next
    return 'woken'
  },
}

const outcome = await tasks[task]()
await store.close()
say({ outcome })
parentPort.close()
