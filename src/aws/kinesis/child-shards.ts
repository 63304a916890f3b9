import { describeShard } from '../../streams/description.ts'
import type { Shard } from '../../streams/shard.ts'
import type { StreamCore } from '../../streams/stream-core.ts'

/** What takes over the hash keys of a shard that has ended. */
export function childShardsOf(core: StreamCore, shard: Shard): readonly Readonly<Record<string, unknown>>[] {
  return core.table.childrenOf(shard.index).map((child) => {
    const { shardId, parentShardId, adjacentParentShardId, startingHashKey, endingHashKey } =
      describeShard(child)
    return {
      ShardId: shardId,
      ParentShards: [parentShardId, adjacentParentShardId].filter((parent) => parent !== undefined),
      HashKeyRange: { StartingHashKey: startingHashKey, EndingHashKey: endingHashKey },
    }
  })
}
