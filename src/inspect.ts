/**
 * What lies in a store's folder, read without opening the store: it may be open elsewhere, or damaged. For the
 * command line; not part of the public surface.
 */
import { resolve } from 'node:path'
import { MillraceError } from './errors.ts'
import type { StreamKey } from './meta/commands.ts'
import { replayRecords, type StoredPayload } from './meta/replay.ts'
import type { MetaState } from './meta/state.ts'
import type { NativeMetaRecords } from './native/addon.ts'
import { awaitNative } from './native/failure.ts'
import { loadAddon } from './native/load.ts'
import { storedDeliveryStreams } from './firehose/stored-delivery-streams.ts'
import type { DeliveryReport, Finding, FolderReport, LogOwner, StoreReport } from './store-report.ts'
import { isInternal } from './streams/internal-streams.ts'
import { formatShardId } from './streams/shard-id.ts'

/** How deep an inspection goes. */
export interface InspectOptions {
  /** Also check every frame, which takes as long as reading the whole store. */
  readonly everyByte: boolean
  /** Ends such a check soon; the inspection then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** Learns now and then how many bytes are checked, and of how many. Must not throw. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Bytes of metadata that are read at a time. */
const metadataPageBytes = 16 * 1024 * 1024

/** A writer that trims its metadata between two pages makes a reader begin again; it does so seldom. */
const metadataReadsMax = 3

/**
 * Inspects the files in a folder. Takes no lock and changes nothing; what is wrong with the files is in the
 * report's findings.
 *
 * Rejects with `ERR_MILLRACE_NOT_A_STORE`, `ERR_MILLRACE_NEWER_FORMAT`, `ERR_MILLRACE_PERMISSION` or
 * `ERR_MILLRACE_IO` when the folder cannot be inspected at all, and with `ERR_MILLRACE_NATIVE_LOAD`.
 */
export async function inspectStore(path: string, options: InspectOptions): Promise<StoreReport> {
  const folder = resolve(path)
  const report = await (options.everyByte
    ? verified(folder, options)
    : awaitNative(loadAddon().inspectFolder(folder)))
  const metadata = await metadataOf(folder)
  const owners = ownersIn(metadata.state)
  const logs = report.logs.map((log) => Object.assign(log, { owner: owners.get(log.uuid) ?? null }))
  return {
    ...report,
    streams: namesIn(metadata.state),
    deliveryStreams: metadata.state === undefined ? null : storedDeliveryStreams(metadata.state.documents),
    logs: logs.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1)),
    findings: [...report.findings, ...metadataFindings(report, metadata)],
  }
}

async function verified(folder: string, { signal, onProgress }: InspectOptions): Promise<FolderReport> {
  signal?.throwIfAborted()
  const verification = loadAddon().verifyFolder(folder, onProgress)
  const stop = (): void => verification.stop()
  signal?.addEventListener('abort', stop)
  try {
    const report = await awaitNative(verification.report)
    signal?.throwIfAborted()
    return report
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** Sorts the metadata first, then streams by name and their shards by number, then logs of no stream. */
function placeOf({ folder, owner }: StoreReport['logs'][number]): string {
  if (owner !== null) return `1 ${owner.account} ${owner.region} ${owner.stream} ${owner.shardId}`
  return folder === 'meta' ? '0' : `2 ${folder}`
}

/** What the metadata says: its state, or why it says nothing. */
interface Metadata {
  readonly state: MetaState | undefined
  readonly failure: MillraceError | undefined
}

/** Replays the metadata's records as they lie in the files: what a crash left is read up to where it is sound. */
async function metadataOf(folder: string): Promise<Metadata> {
  for (let read = 1; ; read++) {
    try {
      const { state } = await replayRecords(metadataRecords(folder))
      return { state, failure: undefined }
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      if (read === metadataReadsMax) return { state: undefined, failure: error }
    }
  }
}

/** The streams of users, of all accounts and regions in a folder, in no order; none where the metadata cannot be read. */
export async function streamKeysIn(path: string): Promise<readonly StreamKey[]> {
  const { state } = await metadataOf(resolve(path))
  return Array.from(state?.streams.values() ?? [], ({ key }) => key).filter((key) => !isInternal(key))
}

/** The delivery streams in a folder, of all accounts and regions; none where the metadata cannot be read. */
export async function deliveryStreamsIn(path: string): Promise<readonly DeliveryReport[]> {
  const { state } = await metadataOf(resolve(path))
  return state === undefined ? [] : storedDeliveryStreams(state.documents)
}

/** The metadata's records as they lie in a folder's files, up to where they are damaged at or behind `from`. */
export async function* metadataRecords(
  folder: string,
  from: number = 0,
): AsyncGenerator<StoredPayload, undefined, undefined> {
  let page: NativeMetaRecords | undefined
  while (page?.atEnd !== true) {
    page = await awaitNative(loadAddon().readMetadata(folder, page?.next ?? from, metadataPageBytes))
    let begin = 0
    for (const [index, offset] of page.offsets.entries()) {
      const end = page.ends[index] ?? begin
      yield { offset, payload: page.payloads.subarray(begin, end) }
      begin = end
    }
  }
}

/** Why a store whose files are sound has no metadata to go by. */
export async function metadataFailure(
  folder: string,
  hasShards: boolean,
): Promise<MillraceError | undefined> {
  const { state, failure } = await metadataOf(folder)
  if (failure !== undefined || !lacksMetadata(state, hasShards)) return failure
  return new MillraceError('ERR_MILLRACE_CORRUPT', `${folder}: meta: ${emptyMetadata}`)
}

const emptyMetadata = 'is empty although there are shards'

function lacksMetadata(state: MetaState | undefined, hasShards: boolean): boolean {
  return hasShards && state !== undefined && state.revision === 0
}

/** What only the records of the metadata show, if its files are sound. */
function metadataFindings({ logs, findings }: FolderReport, { state, failure }: Metadata): Finding[] {
  const reported = findings.some(({ severity, file }) => severity === 'damage' && inMetadata(file))
  if (reported) return []
  if (failure !== undefined) return [metadataFinding(failure)]
  const shards = logs.some(({ folder }) => folder !== 'meta')
  if (!lacksMetadata(state, shards)) return []
  return [{ severity: 'damage', file: 'meta', offset: 0, what: emptyMetadata }]
}

function metadataFinding({ code, message }: MillraceError): Finding {
  const severity = code === 'ERR_MILLRACE_NEWER_FORMAT' ? 'notice' : 'damage'
  return { severity, file: 'meta', offset: 0, what: message }
}

function inMetadata(file: string): boolean {
  return file === 'format' || file === 'meta' || file.startsWith('meta/')
}

function namesIn(state: MetaState | undefined): readonly string[] | null {
  if (state === undefined) return null
  return Array.from(state.streams.values(), ({ key }) => key.name).toSorted()
}

/** Which stream each log belongs to, by the log's uuid. */
function ownersIn(state: MetaState | undefined): ReadonlyMap<string, LogOwner> {
  const owners = new Map<string, LogOwner>()
  for (const { key, shards } of state?.streams.values() ?? []) {
    const { account, region, name: stream } = key
    for (const { slot, index } of shards) {
      const { id } = slot
      if (typeof id === 'string') owners.set(id, { account, region, stream, shardId: formatShardId(index) })
    }
  }
  return owners
}
