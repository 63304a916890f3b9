import { isDeepStrictEqual } from 'node:util'
import type { Command } from './commands.ts'
import { accountId, firstSlotOf, type MetaState, type StreamState, streamId } from './state.ts'

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
    else if (now.revision !== revision) others.push(...changesOf(now, revision))
  }
  for (const stream of after.streams.values()) {
    const old = before.streams.get(streamId(stream.key))
    if (old === undefined || !isSame(old, stream)) others.push(creationOf(stream))
  }
  for (const account of after.accounts.values()) {
    const revision = before.accounts.get(accountId(account.account, account.region))?.revision ?? 0
    if (revision !== account.revision) others.push({ kind: 'setAccount', ...account, revision })
  }
  for (const document of before.documents.values()) {
    const { id, revision } = document
    if (!after.documents.has(id)) deleted.push({ kind: 'deleteDocument', id, revision })
  }
  for (const { id, revision: now, value } of after.documents.values()) {
    const revision = before.documents.get(id)?.revision ?? 0
    if (revision !== now) others.push({ kind: 'setDocument', id, revision, value })
  }
  return [...deleted, ...others]
}

/** Whether it is the same stream, changed or not: no two streams have a log in common. */
function isSame(one: StreamState, other: StreamState): boolean {
  return isDeepStrictEqual(firstSlotOf(one), firstSlotOf(other))
}

/** All that may have changed: what did, the states tell. */
function changesOf(now: StreamState, revision: number): readonly Command[] {
  const { key, retentionHours, hiddenBeforeMs, maxRecordBytes, settings, consumers } = now
  const changes: Command[] = [{ kind: 'setRetention', key, revision, retentionHours, hiddenBeforeMs }]
  if (settings !== undefined) changes.push({ kind: 'setSettings', key, revision, settings, maxRecordBytes })
  if (consumers !== undefined) changes.push({ kind: 'setConsumers', key, revision, consumers })
  return changes
}

function creationOf({
  key,
  createdAtMs,
  retentionHours,
  maxRecordBytes,
  shards,
  settings,
}: StreamState): Command {
  const created = { key, createdAtMs, retentionHours, maxRecordBytes, shards }
  return { kind: 'createStream', ...created, ...(settings === undefined ? {} : { settings }) }
}
