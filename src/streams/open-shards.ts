/** How many shards of a stream are open. Pure. */
import type { ShardSpec } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import { isOpen } from './reshard-plan.ts'

/** A list of shards never changes, and those of a stream stay through all its changes but reshards. */
const counted: WeakMap<readonly ShardSpec[], number> = new WeakMap()

/** So many are counted sooner than looked up. */
const fewShards = 16

/** How many shards of a stream are open. Costs something only after its shards have changed. */
export function openShardsOf({ shards }: Pick<StreamState, 'shards'>): number {
  if (shards.length <= fewShards) return countOpen(shards)
  let open = counted.get(shards)
  if (open === undefined) counted.set(shards, (open = countOpen(shards)))
  return open
}

function countOpen(shards: readonly ShardSpec[]): number {
  let open = 0
  for (const shard of shards) if (isOpen(shard)) open += 1
  return open
}

/** How many there are or are going to be, once what was begun with them is finished: the larger number. */
export function openShardsToCome(state: StreamState): number {
  const open = openShardsOf(state)
  const { resharding, targetShards = 0 } = state
  const added = resharding === undefined ? 0 : resharding.opens.length - resharding.closes.length
  return Math.max(open, open + added, targetShards)
}
