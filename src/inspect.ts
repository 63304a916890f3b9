/**
 * What lies in a store's folder, read without opening the store: it may be open elsewhere, or damaged. For the
 * command line; not part of the public surface.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { systemClock } from './clock.ts'
import { openNativeEngine } from './log/native.ts'
import { requireNativeSlot } from './log/native-slot.ts'
import { MetaLog } from './meta/meta-log.ts'
import type { MetaState } from './meta/state.ts'
import { awaitNative } from './native/failure.ts'
import { loadAddon } from './native/load.ts'
import type { LogOwner, StoreReport } from './store-report.ts'
import { formatShardId } from './streams/shard-id.ts'

/** How deep an inspection goes. */
export interface InspectOptions {
  /** Also check every frame, which takes as long as reading the whole store. */
  readonly everyByte: boolean
}

/**
 * Inspects the files in a folder. Takes no lock and changes nothing; what is wrong with the files is in the
 * report's findings.
 *
 * Rejects with `ERR_MILLRACE_NOT_A_STORE`, `ERR_MILLRACE_NEWER_FORMAT`, `ERR_MILLRACE_PERMISSION` or
 * `ERR_MILLRACE_IO` when the folder cannot be inspected at all, and with `ERR_MILLRACE_NATIVE_LOAD`.
 */
export async function inspectStore(path: string, { everyByte }: InspectOptions): Promise<StoreReport> {
  const folder = resolve(path)
  const report = await awaitNative(loadAddon().inspectFolder(folder, everyByte))
  const owners = ownersIn(await metadataOf(folder))
  const logs = report.logs.map((log) => Object.assign(log, { owner: owners.get(log.uuid) ?? null }))
  return { ...report, logs: logs.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)) }
}

/** Sorts the metadata first, then streams by name and their shards by number, then logs of no stream. */
function placeOf({ folder, owner }: StoreReport['logs'][number]): string {
  if (owner !== null) return `1 ${owner.stream} ${owner.shardId}`
  return folder === 'meta' ? '0' : `2 ${folder}`
}

/**
 * The metadata of the store in `folder`, or nothing if it cannot be read. Only a writer can replay a log after a
 * crash, so a copy of the metadata's log is opened, and never the log itself.
 */
async function metadataOf(folder: string): Promise<MetaState | undefined> {
  const copy = await mkdtemp(join(tmpdir(), 'millrace-inspect-'))
  try {
    await cp(join(folder, 'format'), join(copy, 'format'))
    await cp(join(folder, 'meta'), join(copy, 'meta'), { recursive: true })
    const engine = await openNativeEngine(
      { kind: 'folder', path: copy },
      { durability: 'none', clock: systemClock },
    )
    try {
      return (await MetaLog.open(await engine.openMeta())).state
    } finally {
      await engine.close()
    }
  } catch {
    // Whatever is wrong with the metadata's files is among the findings already.
    return undefined
  } finally {
    await rm(copy, { recursive: true, force: true })
  }
}

/** Which stream each log belongs to, by the log's uuid. */
function ownersIn(state: MetaState | undefined): ReadonlyMap<string, LogOwner> {
  const owners = new Map<string, LogOwner>()
  for (const { key, shards } of state?.streams.values() ?? []) {
    for (const { slot, index } of shards) {
      owners.set(requireNativeSlot(slot).id, { stream: key.name, shardId: formatShardId(index) })
    }
  }
  return owners
}
