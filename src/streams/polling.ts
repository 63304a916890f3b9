/** GetShardIterator and GetRecords: what `shard-iterator` and `shard-page` do, within the limits of AWS. */
import type { Maybe } from '../log/log.ts'
import { andThen } from './maybe.ts'
import type { Shard } from './shard.ts'
import { iteratorAt, type IteratorStart, type ShardIterator, shardOfIterator } from './shard-iterator.ts'
import { type PageSize, type ShardPage, shardPage } from './shard-page.ts'
import type { StreamCore } from './stream-core.ts'

/**
 * `iteratorAt` for whoever polls.
 *
 * @throws `ERR_MILLRACE_THROTTLED` where limits are enforced, and what `iteratorAt` throws
 */
export function polledIterator(core: StreamCore, shard: Shard, start: IteratorStart): Maybe<ShardIterator> {
  core.limits?.iterator(shard)
  return iteratorAt(core, shard, start)
}

/**
 * `shardPage` for whoever polls.
 *
 * @throws `ERR_MILLRACE_THROTTLED` where limits are enforced, and what `shardPage` throws
 */
export function polledPage(core: StreamCore, iterator: ShardIterator, size?: PageSize): Maybe<ShardPage> {
  const { limits } = core
  if (limits === undefined) return shardPage(core, iterator, size)
  core.requireUsable()
  const counted = limits.read(shardOfIterator(core, iterator))
  return andThen(shardPage(core, iterator, size), (page) => {
    if (counted) limits.returned(page.shard, page.bytes)
    return page
  })
}
