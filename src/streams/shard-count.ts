/** Changing the number of shards as AWS does it: split all, then merge neighbours. Pure. */
import type { ShardSpec } from '../meta/commands.ts'
import { scalingWindowMs, type StreamState } from '../meta/state.ts'
import { requireInteger } from '../options.ts'
import {
  byNumber,
  halvesOf,
  isOpen,
  limitExceeded,
  mergedOf,
  openShardsMax,
  type ReshardPlan,
} from './reshard-plan.ts'

/** Changes of the number of shards within 24 hours (AWS API model). */
export const scalingsPerDay = 10

/**
 * Checks a new number of open shards as AWS does: at most twice and at least half of what there is, ten changes in
 * any 24 hours, 10,000 shards (AWS API model).
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_LIMIT_EXCEEDED`
 */
export function requireTargetShards(state: StreamState, target: unknown, nowMs: number): number {
  const wanted = requireInteger('targetShardCount', target, 1, Number.MAX_SAFE_INTEGER)
  const open = state.shards.filter(isOpen).length
  if (wanted > openShardsMax) throw limitExceeded('shards', wanted, openShardsMax)
  if (wanted > 2 * open) throw limitExceeded('twice', wanted, 2 * open)
  if (2 * wanted < open) throw limitExceeded('half', wanted, Math.ceil(open / 2))
  const recent = (state.scaledAtMs ?? []).filter((ms) => ms > nowMs - scalingWindowMs).length
  if (recent >= scalingsPerDay) throw limitExceeded('perDay', recent + 1, scalingsPerDay)
  return wanted
}

/**
 * The next step on the way to a number of open shards; `undefined` once there are so many. It depends on nothing but
 * the shards, so that anybody can go on after a crash.
 *
 * Too few are all split in half. Of too many, neighbours are merged, as many pairs at once as are needed and as there
 * are: the pairs with the fewest hash keys, of those the lowest.
 */
export function nextScalingStep(shards: readonly ShardSpec[], target: number): ReshardPlan | undefined {
  const open = shards
    .filter(isOpen)
    .toSorted((a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1))
  if (open.length < target) return splitAll(open)
  return open.length > target ? mergePairs(open, open.length - target) : undefined
}

function splitAll(open: readonly ShardSpec[]): ReshardPlan {
  return {
    closes: open.map(({ index }) => index).toSorted(byNumber),
    opens: open.flatMap((shard) => {
      const start = BigInt(shard.startingHashKey)
      return halvesOf(shard, (start + BigInt(shard.endingHashKey) + 1n) / 2n)
    }),
  }
}

function mergePairs(open: readonly ShardSpec[], pairsMax: number): ReshardPlan {
  const pairs = open.slice(1).map((upper, at) => {
    const lower = open[at] as ShardSpec
    return { at, lower, upper, width: BigInt(upper.endingHashKey) - BigInt(lower.startingHashKey) }
  })
  const taken = new Set<number>()
  const chosen: (typeof pairs)[number][] = []
  for (const pair of pairs.toSorted((a, b) =>
    a.width < b.width ? -1 : a.width > b.width ? 1 : a.at - b.at,
  )) {
    if (chosen.length === pairsMax) break
    if (taken.has(pair.at) || taken.has(pair.at + 1)) continue
    taken.add(pair.at).add(pair.at + 1)
    chosen.push(pair)
  }
  const inOrder = chosen.toSorted((a, b) => a.at - b.at)
  return {
    closes: inOrder.flatMap(({ lower, upper }) => [lower.index, upper.index]).toSorted(byNumber),
    opens: inOrder.map(({ lower, upper }) => mergedOf(lower, upper)),
  }
}
