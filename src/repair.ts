/** Makes a damaged store one that can be opened, with every record that can still be proved. */
import { resolve } from 'node:path'
import { invalidArgument, type MillraceError } from './errors.ts'
import { metadataFailure, metadataRecords } from './inspect.ts'
import { lastSnapshot } from './meta/last-snapshot.ts'
import type { NativeRepair } from './native/addon.ts'
import { awaitNative, fromNative } from './native/failure.ts'
import { loadAddon } from './native/load.ts'
import { requireCallback, requireMethods, requireOptions } from './options.ts'
import type { FolderRepair, LogRepair, RepairReport } from './repair-report.ts'

/** How a repair is done. */
export interface RepairOptions {
  /** Only say what would be done. @defaultValue false */
  readonly dryRun?: boolean
  /** Ends the repair soon, wherever it is; `repair` rejects with the signal's reason. Doing it again finishes. */
  readonly signal?: AbortSignal | undefined
  /** Learns now and then how many bytes are checked, and of how many. Must not throw. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/**
 * Repairs the store in a folder, which nobody may have open. What `verify` finds sound is not touched. Of a damaged
 * shard every record is kept that is whole and in its place, also behind the damage; readers pass over the numbers that
 * were lost, as over any gap. Whatever is replaced or taken out stays in the shard's folder `quarantine`.
 *
 * A log that cannot be repaired without guessing is left as it is, and `outcome` is `refused`: among others the
 * metadata, if commands are lost that no later snapshot sums up, or if there is none although there are shards.
 *
 * Rejects with `ERR_MILLRACE_STORE_BUSY`, `ERR_MILLRACE_NOT_A_STORE`, `ERR_MILLRACE_NEWER_FORMAT`,
 * `ERR_MILLRACE_PERMISSION`, `ERR_MILLRACE_NO_SPACE`, `ERR_MILLRACE_IO` when nothing could be done, and with
 * `ERR_MILLRACE_NATIVE_LOAD`.
 */
export async function repair(path: string, options: RepairOptions = {}): Promise<RepairReport> {
  if (typeof path !== 'string' || path === '' || path.includes('\0'))
    throw invalidArgument('path', path, 'the path of a folder')
  requireOptions('repair options', options, ['dryRun', 'signal', 'onProgress'])
  const { dryRun = false, signal, onProgress } = options
  if (typeof dryRun !== 'boolean') throw invalidArgument('dryRun', dryRun, 'a boolean')
  if (signal !== undefined)
    requireMethods('signal', signal, ['throwIfAborted', 'addEventListener', 'removeEventListener'])
  requireCallback('onProgress', onProgress)
  const folder = resolve(path)
  const first = await repaired(folder, options, 0)
  const [meta] = first.logs
  if (meta?.folder !== 'meta' || meta.outcome !== 'refused') return withOutcome(await judged(first, folder))
  const begin = await beginOfMetadata(folder, meta)
  if (begin === undefined) return withOutcome(first)
  const again = await repaired(folder, options, begin)
  return withOutcome({ ...first, logs: [...again.logs.slice(0, 1), ...first.logs.slice(1)] })
}

/** Files that are sound one by one make no store if its metadata says nothing, or what nobody can make sense of. */
async function judged(report: FolderRepair, folder: string): Promise<FolderRepair> {
  const [meta] = report.logs
  const others = report.logs.filter((log) => log.folder !== 'meta')
  if (meta?.folder === 'meta' && meta.outcome !== 'sound' && report.dryRun) return report
  const refusal = await metadataFailure(folder, others.length > 0)
  if (refusal === undefined) return report
  const log =
    meta?.folder === 'meta' ? meta : { ...report.store, folder: 'meta', rewritten: [], setAside: [] }
  return { ...report, logs: [{ ...log, outcome: 'refused', refusal }, ...others] }
}

async function repaired(
  folder: string,
  { dryRun = false, signal, onProgress }: RepairOptions,
  metadataBegin: number,
): Promise<FolderRepair> {
  signal?.throwIfAborted()
  const scan = loadAddon().repairFolder(folder, dryRun, metadataBegin, onProgress)
  const stop = (): void => scan.stop()
  signal?.addEventListener('abort', stop)
  try {
    return translated(await awaitNative(scan.report))
  } catch (error) {
    signal?.throwIfAborted()
    throw error
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Where the metadata may begin so that nothing of what is lost counts. */
async function beginOfMetadata(folder: string, { lost }: LogRepair): Promise<number | undefined> {
  let behind = 0
  for (const { lastSequence } of lost) {
    if (lastSequence === null) return undefined
    behind = Math.max(behind, lastSequence + 1)
  }
  return behind === 0 ? undefined : await lastSnapshot(metadataRecords(folder, behind))
}

function translated({ store, logs, ...rest }: NativeRepair): FolderRepair {
  return { ...rest, store: withError(store), logs: logs.map(withError) }
}

function withError(part: NativeRepair['store']): LogRepair {
  const refusal = part.refusal === null ? null : (fromNative(part.refusal) as MillraceError)
  return { ...part, refusal }
}

function withOutcome(report: FolderRepair): RepairReport {
  const outcomes = new Set([report.store, ...report.logs].map(({ outcome }) => outcome))
  const outcome = outcomes.has('refused') ? 'refused' : outcomes.has('repaired') ? 'repaired' : 'sound'
  return { ...report, outcome }
}
