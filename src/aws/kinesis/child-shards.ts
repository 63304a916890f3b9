import type { Shard } from '../../streams/shard.ts'
import type { StreamCore } from '../../streams/stream-core.ts'

/** What takes over the hash keys of a shard that has ended. */
export function childShardsOf(
  _core: StreamCore,
  _shard: Shard,
): readonly Readonly<Record<string, unknown>>[] {
  return []
}
