/** Which shards a listing names. Pure: shards and times in, shards out, which only then are described. */
import { invalidArgument } from '../errors.ts'
import { requireInteger, requireOneOf, requireOptions } from '../options.ts'
import type { ShardSpec } from '../meta/commands.ts'
import { openedAtMs } from './description.ts'
import type { Shard } from './shard.ts'
import { parseShardId } from './shard-id.ts'

/**
 * Which shards `listShards` names, as AWS filters them (AWS API model):
 *
 * - `fromTrimHorizon`: every shard within retention.
 * - `atTrimHorizon`: those that were open at the trim horizon.
 * - `atLatest`: the open ones.
 * - `atTime`: those that were open at this moment.
 * - `fromTime`: those that were open at this moment or came later. A moment before the trim horizon acts as that.
 * - `afterShard`: those whose ids come after this one, which need not exist any more.
 */
export type ShardFilter =
  | { readonly type: 'fromTrimHorizon' | 'atTrimHorizon' | 'atLatest' }
  | {
      readonly type: 'atTime' | 'fromTime'
      /** Milliseconds since 1970, integer. */
      readonly timeMs: number
    }
  | { readonly type: 'afterShard'; readonly shardId: string }

/** Options of `stream.listShards`. */
export interface ListShardsOptions {
  /** @defaultValue `{ type: 'fromTrimHorizon' }` */
  readonly filter?: ShardFilter | undefined
  /** Goes on behind this shard, which need not exist any more: the last one of the page before. */
  readonly exclusiveStartShardId?: string | undefined
  /** Shards at most: 1 to 10,000. @defaultValue all */
  readonly max?: number | undefined
}

const listKeys: readonly string[] = ['filter', 'exclusiveStartShardId', 'max']
const listedMax = 10_000

const keysOf = {
  fromTrimHorizon: [],
  atTrimHorizon: [],
  atLatest: [],
  atTime: ['timeMs'],
  fromTime: ['timeMs'],
  afterShard: ['shardId'],
} as const satisfies Record<ShardFilter['type'], readonly string[]>

/**
 * The shards that a listing names, in the order of their ids.
 *
 * @param shards of the stream within retention, by index
 * @param horizonMs the trim horizon: nothing older can be read; milliseconds since 1970
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function listedShards(
  shards: readonly Shard[],
  options: ListShardsOptions,
  horizonMs: number,
): readonly Shard[] {
  requireOptions('listShards options', options, listKeys)
  const { filter = { type: 'fromTrimHorizon' }, exclusiveStartShardId, max } = options
  const limit = max === undefined ? shards.length : requireInteger('max', max, 1, listedMax)
  const after =
    exclusiveStartShardId === undefined ? -1 : requireIndex('exclusiveStartShardId', exclusiveStartShardId)
  const isListed = filterOf(filter, horizonMs)
  const listed: Shard[] = []
  for (let at = firstAfter(shards, after); at < shards.length && listed.length < limit; at++) {
    const shard = shards[at] as Shard
    if (isListed(shard.spec)) listed.push(shard)
  }
  return listed
}

/** Where the shards begin whose indexes are above `index`. */
function firstAfter(shards: readonly Shard[], index: number): number {
  let low = 0
  let high = shards.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((shards[middle] as Shard).index <= index) low = middle + 1
    else high = middle
  }
  return low
}

/** Checks a filter; answers whether it lets a shard through. */
function filterOf(filter: ShardFilter, horizonMs: number): (shard: ShardSpec) => boolean {
  const types = Object.keys(keysOf) as ShardFilter['type'][]
  const type = requireOneOf('filter.type', (filter as ShardFilter | null)?.type, types)
  requireOptions('filter', filter, ['type', ...keysOf[type]])
  switch (filter.type) {
    case 'fromTrimHorizon':
      return () => true
    case 'atTrimHorizon':
      return (shard) => wasOpenAt(shard, horizonMs)
    case 'atLatest':
      return ({ closedAtMs }) => closedAtMs === undefined
    case 'atTime': {
      const timeMs = requireTime(filter.timeMs)
      return (shard) => wasOpenAt(shard, timeMs)
    }
    case 'fromTime': {
      const timeMs = Math.max(requireTime(filter.timeMs), horizonMs)
      return ({ closedAtMs = timeMs }) => closedAtMs >= timeMs
    }
    case 'afterShard': {
      const after = requireIndex('filter.shardId', filter.shardId)
      return ({ index }) => index > after
    }
    default:
      return filter satisfies never
  }
}

function wasOpenAt(shard: ShardSpec, timeMs: number): boolean {
  const { closedAtMs = timeMs } = shard
  return openedAtMs(shard) <= timeMs && closedAtMs >= timeMs
}

function requireTime(timeMs: unknown): number {
  return requireInteger('filter.timeMs', timeMs, 0, Number.MAX_SAFE_INTEGER)
}

function requireIndex(field: string, shardId: unknown): number {
  const index = typeof shardId === 'string' ? parseShardId(shardId) : undefined
  if (index === undefined) throw invalidArgument(field, shardId, 'a shard id such as shardId-000000000000')
  return index
}
