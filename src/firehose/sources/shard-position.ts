import type { SourcePosition } from '../delivery-source.ts'

/** What a position must know of a shard. */
export interface ShardDescent {
  readonly shardId: string
  readonly parentShardId?: string | undefined
  readonly adjacentParentShardId?: string | undefined
}

/**
 * A position that has come to this record. Shards that were read to their end and whose children are all in the position
 * leave it: what is in it counts as read up to there, and so do all ancestors.
 *
 * @param shards all there are; asked for only when the position comes to a shard that is not in it
 */
export function advanced(
  position: SourcePosition,
  shardId: string,
  sequenceNumber: string,
  shards: () => readonly ShardDescent[],
): SourcePosition {
  const next = { ...position, [shardId]: sequenceNumber }
  if (position[shardId] !== undefined) return next
  const all = shards()
  const shard = all.find((each) => each.shardId === shardId)
  const parents = shard === undefined ? [] : parentsOf(shard)
  const over = new Set(
    parents.filter((parent) =>
      all.every((each) => !parentsOf(each).includes(parent) || next[each.shardId] !== undefined),
    ),
  )
  return Object.fromEntries(Object.entries(next).filter(([id]) => !over.has(id)))
}

/** All that these shards were split and merged from, of those that there are. */
export function ancestorsOf(
  shardIds: readonly string[],
  shards: readonly ShardDescent[],
): ReadonlySet<string> {
  const byId = new Map(shards.map((shard) => [shard.shardId, shard]))
  const ancestors = new Set<string>()
  const left = [...shardIds]
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    const shard = byId.get(id)
    for (const parent of shard === undefined ? [] : parentsOf(shard)) {
      if (ancestors.has(parent)) continue
      ancestors.add(parent)
      left.push(parent)
    }
  }
  return ancestors
}

/** None, one, or after a merge two. */
export function parentsOf({ parentShardId, adjacentParentShardId }: ShardDescent): readonly string[] {
  return [parentShardId, adjacentParentShardId].filter((id) => id !== undefined)
}
