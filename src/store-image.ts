/**
 * What a store in memory holds at one moment, and a store that begins with it. Below the streams: records go from log to
 * log with their positions and arrival times, the metadata as a snapshot. So sequence numbers, shards, trimmed
 * beginnings and everything that the metadata will ever say come along by themselves.
 */
import { type Clock, nextTurn } from './clock.ts'
import { MillraceError } from './errors.ts'
import {
  type AppendBatch,
  type Appended,
  Column,
  type LogEngine,
  type LogStats,
  noHashKey,
  type Offset,
  type ShardLog,
  type Slot,
} from './log/log.ts'
import { ReadBlock } from './log/read-block.ts'
import { RecordWriter } from './meta/record-writer.ts'
import { encodeSnapshot } from './meta/snapshot.ts'
import type { MetaState } from './meta/state.ts'
import { insideOf, type Store } from './streams/store.ts'
import { KiB } from './units.ts'

/** What one log holds. */
interface LogImage {
  readonly slot: Slot
  readonly stats: LogStats
  /** All its records, page by page. Shared by every store that is made of the image, and never written again. */
  readonly pages: readonly ReadBlock[]
}

/** What a store holds. Never changes. */
export interface StoreImage {
  /** The store's time when the image was taken, milliseconds since 1970. */
  readonly nowMs: number
  readonly state: MetaState
  /** Of the logs that ever held something. */
  readonly logs: readonly LogImage[]
}

/** Keys and payloads of one page, and its records, at most. */
const pageBytes: number = 256 * KiB
const pageRecords = 4096
/** Pages of logs with little in them are not kept larger than that. */
const roundUpTo: number = KiB
/** Records that stand in for trimmed ones, appended at once. */
const fillerRecords = 4096
/** Logs after which the event loop gets a turn. */
const logsInTurn = 64
/** How often an image is begun again because streams were changed meanwhile. */
const triesMax = 16

/**
 * Takes an image. Everything that was stored before the call is in it; what is stored meanwhile may be, shard by shard.
 *
 * Rejects with `ERR_MILLRACE_CLOSED`, and with `ERR_MILLRACE_BACKLOG` while others keep changing the streams.
 */
export async function takeImage(store: Store): Promise<StoreImage> {
  const { meta, time } = insideOf(store)
  for (let tries = 0; tries < triesMax; tries++) {
    const { state } = meta
    const nowMs = time.nowMs()
    const outcome = await logImages(store, state).then(
      (logs) => ({ logs }),
      (error: unknown) => ({ error }),
    )
    // A shard that was split or a stream that was deleted meanwhile would not fit the state.
    if (meta.state.revision !== state.revision) continue
    if ('error' in outcome) throw outcome.error
    return { nowMs, state, logs: outcome.logs }
  }
  throw new MillraceError('ERR_MILLRACE_BACKLOG', 'others keep changing the streams; try again later')
}

async function logImages(store: Store, state: MetaState): Promise<readonly LogImage[]> {
  const inside = insideOf(store)
  const images: LogImage[] = []
  let visited = 0
  for (const { key } of state.streams.values()) {
    const core = inside.core(key)
    core.requireUsable()
    await core.drain()
    for (const shard of core.shards) {
      if (++visited % logsInTurn === 0) await nextTurn()
      const image = await shard.visit((log) => logImage(log, shard.spec.slot))
      if (image.stats.next > 1) images.push(image)
    }
  }
  return images
}

async function logImage(log: ShardLog, slot: Slot): Promise<LogImage> {
  const stats = await log.stats()
  const pages: ReadBlock[] = []
  for (let from = stats.first; from < stats.next;) {
    const page = new ReadBlock(pageBytesFor(stats), pageRecordsFor(stats, from))
    const count = await log.read(from, pageBytes, page.recordCapacity, page)
    if (count < 0) throw new MillraceError('ERR_MILLRACE_TRIMMED', 'records expired while an image was taken')
    if (count === 0) break
    pages.push(page)
    from = page.next
  }
  return { slot, stats, pages }
}

function pageBytesFor({ bytes }: LogStats): number {
  return Math.min(pageBytes, Math.ceil((bytes + 1) / roundUpTo) * roundUpTo)
}

function pageRecordsFor({ next }: LogStats, from: Offset): number {
  return Math.min(pageRecords, next - from)
}

/**
 * Fills an engine that holds nothing, so that a store which is opened on it holds what the image does.
 *
 * Rejects with `ERR_MILLRACE_NO_SPACE`, and with `ERR_MILLRACE_UNSUPPORTED` for a log whose positions have gaps.
 *
 * @param metaLog the engine's log of the metadata
 * @param clock stamps the metadata and the ends of shards
 */
export async function restoreImage(
  image: StoreImage,
  engine: LogEngine,
  metaLog: ShardLog,
  clock: Clock,
): Promise<void> {
  for (const [index, log] of image.logs.entries()) {
    if (index % logsInTurn === logsInTurn - 1) await nextTurn()
    await restoreLog(log, engine, image.nowMs)
  }
  await restoreMeta(image.state, metaLog, clock)
}

/**
 * The log of the metadata as one that was just summed up: positions of what led there are used, so that the next command
 * gets a revision that no earlier one had.
 */
async function restoreMeta(state: MetaState, metaLog: ShardLog, clock: Clock): Promise<void> {
  if (state.revision === 0) return
  await new LogFiller(metaLog).fill(1, state.revision + 1, clock.nowMs())
  const ordinal = state.revision // of the last command: as many as that, or fewer
  const { refusal } = await new RecordWriter(metaLog, clock).write(encodeSnapshot({ state, ordinal }))
  if (refusal !== undefined) throw refusal
  await metaLog.trim(state.revision + 1)
}

async function restoreLog({ slot, stats, pages }: LogImage, engine: LogEngine, nowMs: number): Promise<void> {
  const log = await engine.open(slot)
  try {
    const filler = new LogFiller(log)
    const firstPage = pages[0]
    // The mark at the end of a sealed log has the last position.
    const empty = stats.sealed ? stats.next - 1 : stats.next
    await filler.fill(1, firstPage?.offsets[0] ?? empty, firstPage?.timesMs[0] ?? nowMs)
    for (const page of pages) await filler.copy(page)
    if (stats.sealed) await log.seal()
    if (stats.first > 1) await log.trim(stats.first)
    const restored = await log.stats()
    if (restored.first !== stats.first || restored.next !== stats.next) throw hasGaps(slot)
  } finally {
    await log.close()
  }
}

/** Appends what must come to lie at known positions. */
class LogFiller {
  readonly #log: ShardLog
  readonly #order: Uint32Array = Uint32Array.from({ length: pageRecords }, (_, index) => index)
  readonly #out: Appended = {
    offsets: new Float64Array(pageRecords),
    timesMs: new Float64Array(pageRecords),
  }

  constructor(log: ShardLog) {
    this.#log = log
  }

  /** Empty records from one position up to another: they stand in for what is gone, and are trimmed afterwards. */
  async fill(from: Offset, to: Offset, timeMs: number): Promise<void> {
    if (from >= to) return
    const columns = new Uint32Array(fillerRecords * Column.stride)
    for (let record = 0; record < fillerRecords; record++)
      columns[record * Column.stride + Column.hashKeyAt] = noHashKey
    for (let at = from; at < to; at += fillerRecords) {
      const count = Math.min(fillerRecords, to - at)
      await this.#append({ bytes: new Uint8Array(0), columns, order: this.#order, from: 0, count, timeMs })
    }
  }

  /** The records of a page: those that arrived together in one call. */
  async copy({ bytes, columns, offsets, timesMs, count }: ReadBlock): Promise<void> {
    for (let from = 0; from < count;) {
      const timeMs = timesMs[from] as number
      let end = from + 1
      while (end < count && timesMs[end] === timeMs) end += 1
      await this.#append({ bytes, columns, order: this.#order, from, count: end - from, timeMs })
      if (this.#out.offsets[end - 1] !== offsets[end - 1]) throw hasGaps()
      from = end
    }
  }

  async #append(batch: AppendBatch): Promise<void> {
    const answer = this.#log.append(batch, this.#out)
    const stored = typeof answer === 'number' ? answer : await answer
    if (stored === batch.count) return
    throw new MillraceError('ERR_MILLRACE_NO_SPACE', 'there is no memory left for a copy of the store', {
      details: { answer: stored },
    })
  }
}

function hasGaps(slot?: Slot): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    'a log whose sequence has gaps, as a crash leaves them, cannot be copied record by record',
    { details: { slot } },
  )
}
