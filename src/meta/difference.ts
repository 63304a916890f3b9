import { isDeepStrictEqual } from 'node:util'
import type { Command } from './commands.ts'
import { firstSlotOf, type MetaState, type StreamState, streamId } from './state.ts'

/**
 * Commands that lead from one state to a later one, for who missed those that did: it may have been any others. What
 * a stream was deleted for and created again is both.
 */
export function difference(before: MetaState, after: MetaState): readonly Command[] {
  const deleted: Command[] = []
  const others: Command[] = []
  for (const stream of before.streams.values()) {
    const { key, revision } = stream
    const now = after.streams.get(streamId(key))
    if (now === undefined || !isSame(stream, now)) deleted.push({ kind: 'deleteStream', key, revision })
    else if (now.revision !== revision) others.push(retentionOf(now, revision))
  }
  for (const stream of after.streams.values()) {
    const old = before.streams.get(streamId(stream.key))
    if (old === undefined || !isSame(old, stream)) others.push(creationOf(stream))
  }
  return [...deleted, ...others]
}

/** Whether it is the same stream, changed or not: no two streams have a log in common. */
function isSame(one: StreamState, other: StreamState): boolean {
  return isDeepStrictEqual(firstSlotOf(one), firstSlotOf(other))
}

function retentionOf({ key, retentionHours, hiddenBeforeMs }: StreamState, revision: number): Command {
  return { kind: 'setRetention', key, revision, retentionHours, hiddenBeforeMs }
}

function creationOf({ key, createdAtMs, retentionHours, maxRecordBytes, shards }: StreamState): Command {
  return { kind: 'createStream', key, createdAtMs, retentionHours, maxRecordBytes, shards }
}
