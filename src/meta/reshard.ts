/** What resharding makes of a stream's state. Pure, as all that commands do. */
import type { Offset } from '../log/log.ts'
import type { Command, ShardSpec } from './commands.ts'
import { firstSlotOf, nextShardIndex, scalingWindowMs, type StreamState } from './state.ts'

/** The state with a reshard begun; undefined if one is under way, or a shard that it closes is not open. */
export function withReshardBegun(
  stream: StreamState,
  command: Extract<Command, { readonly kind: 'beginReshard' }>,
  revision: Offset,
): StreamState | undefined {
  const { atMs, closes, opens, targetShards, startsScaling } = command
  const open = new Set(stream.shards.flatMap((spec) => (spec.closedAtMs === undefined ? [spec.index] : [])))
  const possible = stream.resharding === undefined && closes.every((index) => open.has(index))
  if (!possible || (opens[0]?.index ?? 0) !== nextShardIndex(stream)) return undefined
  const counted = (stream.scaledAtMs ?? []).filter((ms) => ms > atMs - scalingWindowMs)
  return {
    ...stream,
    revision,
    resharding: { atMs, closes, opens },
    ...(targetShards !== undefined && { targetShards }),
    ...(startsScaling && { scaledAtMs: [...counted, atMs] }),
  }
}

/** The state with that reshard finished; undefined if none is under way. */
export function withReshardFinished(
  stream: StreamState,
  { closedAtMs, updatingUntilMs }: Extract<Command, { readonly kind: 'finishReshard' }>,
  revision: Offset,
): StreamState | undefined {
  const { resharding, targetShards, ...rest } = stream
  if (resharding === undefined) return undefined
  const closes = new Set(resharding.closes)
  const shards = [
    ...stream.shards.map((spec) => (closes.has(spec.index) ? { ...spec, closedAtMs } : spec)),
    ...resharding.opens.map((spec) => openedAfter(spec, closedAtMs)),
  ]
  const open = shards.filter((spec) => spec.closedAtMs === undefined).length
  const under = targetShards !== undefined && targetShards !== open
  const settings = updatingUntilMs !== undefined && { settings: { ...stream.settings, updatingUntilMs } }
  return { ...rest, revision, shards, ...(under && { targetShards }), ...settings }
}

/** The state without these shards; undefined if one of them is open or gone. */
export function withShardsDropped(
  stream: StreamState,
  indexes: readonly number[],
  revision: Offset,
): StreamState | undefined {
  const dropped = new Set(indexes)
  const shards = stream.shards.filter((spec) => !(dropped.has(spec.index) && spec.closedAtMs !== undefined))
  if (stream.shards.length - shards.length !== dropped.size) return undefined
  const firstSlot = firstSlotOf(stream)
  return { ...stream, revision, shards, ...(firstSlot !== undefined && { firstSlot }) }
}

/** Created a second after the parents at least, so that its sequence numbers exceed all of theirs (AWS, observed). */
function openedAfter(spec: ShardSpec, closedAtMs: number): ShardSpec {
  const createdAtSeconds = Math.max(spec.createdAtSeconds, Math.floor(closedAtMs / 1000) + 1)
  return { ...spec, createdAtSeconds, openedAtMs: closedAtMs + 1 }
}
