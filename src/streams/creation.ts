import type { LogEngine, Slot } from '../log/log.ts'
import type { Command, ShardSpec, StreamKey } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import type { StreamSettings } from '../meta/settings.ts'
import { streamId } from '../meta/state.ts'
import type { StreamPlan } from './create-options.ts'
import { evenSplit } from './hash-key.ts'
import { retentionMs } from './retention.ts'
import { transitionEnd } from './status.ts'
import { streamExists } from './store-refusals.ts'
import { withoutAbsent } from './stream-changes.ts'

/**
 * The command that creates a stream as it was asked for. Pure.
 *
 * @param slots of its shards, in their order
 * @param creatingMs it is CREATING for so long
 */
export function creationOf(
  key: StreamKey,
  { shards, retentionHours, maxRecordBytes, settings }: StreamPlan,
  slots: readonly Slot[],
  createdAtMs: number,
  creatingMs: number,
): Command {
  const specs = evenSplit(shards).map(({ start, end }, index): ShardSpec => ({
    index,
    startingHashKey: start.toString(),
    endingHashKey: end.toString(),
    createdAtSeconds: Math.floor(createdAtMs / 1000),
    slot: slots[index] as Slot,
  }))
  const creatingUntilMs = transitionEnd(createdAtMs, creatingMs)
  const chosen = withoutAbsent({ ...settings, creatingUntilMs }) as StreamSettings
  return {
    kind: 'createStream',
    key,
    createdAtMs,
    retentionHours,
    maxRecordBytes,
    shards: specs,
    ...(Object.keys(chosen).length > 0 && { settings: chosen }),
  }
}

/**
 * Makes the logs of a stream and then the stream, as it was asked for.
 *
 * Rejects with `ERR_MILLRACE_STREAM_EXISTS` if somebody else was quicker, and with what engine and metadata refuse.
 */
export async function createFor(
  { engine, meta }: { readonly engine: LogEngine; readonly meta: MetaStore },
  key: StreamKey,
  plan: StreamPlan,
  createdAtMs: number,
  creatingMs: number,
): Promise<void> {
  const id = streamId(key)
  const slots = await engine.create(id, plan.shards, retentionMs(plan))
  const outcome = await meta.propose(creationOf(key, plan, slots, createdAtMs, creatingMs))
  if (outcome === 'applied') return
  await engine.drop(id, slots)
  throw streamExists(key)
}
