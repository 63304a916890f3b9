import { describeShard } from '../../streams/description.ts'
import type { Shard } from '../../streams/shard.ts'

/** What takes over the hash keys of a shard that has ended, as the service names it. */
export function childShardsOutput(children: readonly Shard[]): readonly Readonly<Record<string, unknown>>[] {
  return children.map((child) => {
    const { shardId, parentShardId, adjacentParentShardId, startingHashKey, endingHashKey } =
      describeShard(child)
    return {
      ShardId: shardId,
      ParentShards: [parentShardId, adjacentParentShardId].filter((parent) => parent !== undefined),
      HashKeyRange: { StartingHashKey: startingHashKey, EndingHashKey: endingHashKey },
    }
  })
}
