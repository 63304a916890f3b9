// Changes of what a stream is: settings, consumers and shards. Each says what is to be seen once it was made.
import { anything } from './known-metadata.mjs'
import { describeShards, openShardsOf, settingsOf } from './settings-view.mjs'

/** More open shards would make a slow trial. */
const openShardsMax = 6
const consumers = ['a', 'b', 'c', 'd']
const mebibyte = 1024 * 1024

/** What may forbid a change; nothing has come of it then. */
export const refusals = new Set([
  'ERR_MILLRACE_LIMIT_EXCEEDED',
  'ERR_MILLRACE_STREAM_NOT_ACTIVE',
  'ERR_MILLRACE_UNSUPPORTED',
  'ERR_MILLRACE_SHARD_SEALED',
])

const settings = {
  tags: ({ settings: all }, mark) => [`one=${mark},two=${mark}`, () => all.tag({ one: mark, two: mark })],
  policy: ({ settings: all }, mark) => [`{"Id":"${mark}"}`, () => all.setPolicy(`{"Id":"${mark}"}`)],
  kmsKeyId: (stream, mark) =>
    settingsOf(stream).kmsKeyId === null
      ? [mark, () => stream.settings.startEncryption(mark)]
      : [null, () => stream.settings.stopEncryption()],
  monitoring: ({ settings: all }) =>
    all.monitoring.length > 0
      ? ['', () => all.disableMonitoring(['ALL'])]
      : ['IncomingBytes,OutgoingBytes', () => all.enableMonitoring(['OutgoingBytes', 'IncomingBytes'])],
  maxRecordBytes({ settings: all }, _mark, random) {
    const bytes = mebibyte * random.between(1, 10)
    return [bytes, () => all.setMaxRecordBytes(bytes)]
  },
  mode({ settings: all }, _mark, random) {
    const mode = random.pick(['PROVISIONED', 'ON_DEMAND'])
    return [mode, () => all.setMode(mode)]
  },
}
const settingWeights = { tags: 3, policy: 2, kmsKeyId: 2, monitoring: 2, maxRecordBytes: 2, mode: 1 }

/** A setting, or a consumer that comes or goes. @returns { thing, value, call } */
export function planChange(stream, random) {
  const mark = `m${random.between(0, 999_999)}`
  if (random.once(3)) return planConsumer(stream, random.pick(consumers), mark)
  const thing = random.weighted(settingWeights)
  const [value, call] = settings[thing](stream, mark, random)
  return { thing, value, call }
}

function planConsumer(stream, name, mark) {
  const isThere = stream.consumers.list().some((consumer) => consumer.name === name)
  return isThere
    ? { thing: `consumer ${name}`, value: null, call: () => stream.consumers.deregister(name) }
    : {
        thing: `consumer ${name}`,
        value: `ACTIVE ${mark}`,
        call: () => stream.consumers.register(name, { tags: { mark } }),
      }
}

/** A split, a merge, or another number of shards. @returns { thing, value, call }; undefined where there is no room */
export function planReshard(stream, random) {
  const open = openShardsOf(stream)
  const ways = { split: open.length < openShardsMax ? 3 : 0, merge: open.length > 1 ? 3 : 0, scale: 1 }
  switch (random.weighted(ways)) {
    case 'split':
      return planSplit(stream, open, random)
    case 'merge': {
      const at = random.between(0, open.length - 2)
      const [lower, upper] = open.slice(at, at + 2)
      const child = { shardId: String(nextIndex(stream)), start: lower.start, end: upper.end }
      const after = open.toSpliced(at, 2, child)
      return shardsBecome(describeShards(after), () => stream.mergeShards(lower.shardId, upper.shardId))
    }
    default: {
      const most = Math.min(openShardsMax, 2 * open.length)
      const count = random.between(Math.ceil(open.length / 2), most)
      return shardsBecome(anything, () => stream.updateShardCount(count))
    }
  }
}

function planSplit(stream, open, random) {
  const parent = random.pick(open)
  const { start, end, shardId } = parent
  const at = start + ((end - start) * BigInt(random.between(1, 15))) / 16n
  if (at <= start + 1n || at >= end) return undefined
  const next = nextIndex(stream)
  const children = [
    { shardId: String(next), start, end: at - 1n },
    { shardId: String(next + 1), start: at, end },
  ]
  const after = open.flatMap((shard) => (shard === parent ? children : [shard]))
  return shardsBecome(describeShards(after), () => stream.splitShard(shardId, String(at)))
}

function shardsBecome(value, call) {
  return { thing: 'shards', value, call }
}

function nextIndex(stream) {
  return 1 + Math.max(...stream.shards().map(({ shardId }) => Number(shardId.slice(-12))))
}

/**
 * Makes a change. Rejects with what forbids it, and if something else is to be seen than was planned.
 *
 * @returns what it has become: of a number of shards, which
 */
export async function makeChange(stream, { thing, value, call }) {
  await call()
  if (thing !== 'shards') return value
  const shards = describeShards(openShardsOf(stream))
  if (value !== anything && shards !== value)
    throw new Error(`the open shards of ${stream.name} are ${shards}, not ${value}`)
  return shards
}
