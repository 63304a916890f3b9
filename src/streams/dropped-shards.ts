import type { LogEngine } from '../log/log.ts'
import type { MetaStore } from '../meta/meta.ts'
import { proposalsMax } from './proposals.ts'
import type { Shard } from './shard.ts'
import type { StreamCore } from './stream-core.ts'

/** What to drop shards needs of their store. */
export interface DropHost {
  readonly engine: LogEngine
  readonly meta: MetaStore
  /** Then the next opening removes the files. */
  isClosed(): boolean
}

/** Takes shards whose retention has passed out of their stream, and removes their logs. */
export async function dropShards(
  { engine, meta, isClosed }: DropHost,
  core: StreamCore,
  shards: readonly Shard[],
): Promise<void> {
  for (let proposals = 0; proposals < proposalsMax; proposals++) {
    // Somebody else may have been quicker, with some of them.
    const left = shards.filter((shard) => !shard.dropped)
    if (left.length === 0) return
    const { key, revision } = core.state
    const indexes = left.map(({ index }) => index)
    const outcome = await meta.propose({ kind: 'dropShards', key, revision, shards: indexes })
    if (outcome === 'stale') continue
    await Promise.allSettled(left.map((shard) => shard.close()))
    if (isClosed()) return
    const slots = left.map(({ spec }) => spec.slot)
    return engine.drop(core.id, slots)
  }
}
