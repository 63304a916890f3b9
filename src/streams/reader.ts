import { MillraceError } from '../errors.ts'
import { Column, type LogStats, type Maybe, type Offset, Refusal, type ShardLog } from '../log/log.ts'
import type { LentBytes, ReadBlock } from '../log/read-block.ts'
import { KiB } from '../units.ts'
import { firstAtLeast } from './ascending.ts'
import type { LeaseWatch } from './batch-lease.ts'
import { type BlockSupply, bytesOfPage } from './block-supply.ts'
import type { Codec } from './codec.ts'
import { andThen, isLater } from './maybe.ts'
import type { Meter } from './meter.ts'
import { readDefaults } from './read-options.ts'
import { RecordBatch } from './record-batch.ts'
import type { SequenceNumber } from './sequence-number.ts'
import type { Shard } from './shard.ts'
import type { ShardStart } from './starting-position.ts'

/** A reader at the tail takes small pages; one that catches up takes larger ones, step by step. */
const firstPageBytes: number = 8 * KiB
const pageGrowth = 4
/** Until a page of the shard says better: columns are cut for records of this size, bytes. */
const recordBytesFirst = 128
/** Smaller records fill a page's columns before its bytes. */
const recordBytesMin = 16
const pageRecordsMin = 16
/** Records are a little larger now and then than they usually are. */
const sizeSlack = 1.125

/** Records that expired before a slow reader came to them. */
export interface Gap {
  readonly shardId: string
  /** The last record before the gap that this reader handed out; `undefined` if there was none. */
  readonly after: SequenceNumber | undefined
  /**
   * At most this many records are missing; fewer if the shard's sequence has holes of its own. `Infinity` where
   * nobody can tell any more: the shard was closed and has expired as a whole.
   */
  readonly recordsMax: number
}

/** How one read goes, for all of its shards. */
export interface ReadPlan<T> {
  readonly codec: Codec<T>
  /** Keys and payloads of one page, bytes; a single larger record still comes. */
  readonly pageBytesMax: number
  readonly pageRecordsMax: number
  /** The caller said how many records a page may have, and probably wants as many at once. */
  readonly pageRecordsAsked: boolean
  /** End at what was the tail when the read began. */
  readonly untilTail: boolean
  /** Told of records that expired unread. Without it they are an `ERR_MILLRACE_TRIMMED`. */
  readonly onGap: ((gap: Gap) => void) | undefined
  /** Records that arrived before this are hidden; milliseconds since 1970. */
  horizonMs(): number
  /** Counts what is read, where that is monitored now. */
  readonly meter: Meter | undefined
  /** Memory for pages, shared by the shards of the read. */
  readonly blocks: BlockSupply
  /** In a leasing read, whose records stay where they are if they can: notices forgotten leases. */
  readonly leases: LeaseWatch | undefined
}

/**
 * Reads one shard page by page. Once a record was promised, by a position or by handing out the one before it,
 * the reader never passes it over without a word.
 */
export class ShardReader<T> {
  readonly shard: Shard
  #start: ShardStart
  readonly #plan: ReadPlan<T>
  #located: Maybe<ShardLog> | undefined
  #next: Offset = 1
  /** The read ends before this offset. */
  #end: Offset = Number.POSITIVE_INFINITY
  /** Every record from `#next` on must be delivered. Not so while a reader only wants the oldest there is. */
  #anchored = false
  #done = false
  #pageBytes: number
  /** What a record of the last page took, keys and payloads. */
  #recordBytes = recordBytesFirst
  #lastOffset: Offset = 0
  #lastTimeMs = 0
  /** The segment of the last page: mapped until this reader leaves it, whoever releases batches meanwhile. */
  #segment: LentBytes | undefined

  /** Fixes at once what depends on the moment: the tail, for `latest` and for reads that end there. */
  constructor(shard: Shard, start: ShardStart, plan: ReadPlan<T>) {
    this.shard = shard
    this.#start = start
    this.#plan = plan
    if (shard.usualRecordBytes > 0) this.#recordBytes = shard.usualRecordBytes
    this.#pageBytes = this.#firstPageBytes()
    if (start.from === 'latest' || plan.untilTail) this.#locateNow()
  }

  /** From some record on this reader delivers every one, or says what is missing. */
  get anchored(): boolean {
    return this.#anchored || this.#start.from === 'record'
  }

  /** Records of its parents were delivered: nothing of this shard may be missing without a word. */
  promise(): void {
    if (this.#located !== undefined) this.#anchored = true
    else if (this.#start.from !== 'record') this.#start = { from: 'record', offset: 1 }
  }

  /** No further record will come. */
  get done(): boolean {
    return this.#done
  }

  /**
   * The next records; `undefined` if there are none now (then `wait`) or ever (then `done`).
   *
   * @throws `ERR_MILLRACE_TRIMMED` if promised records expired and nobody takes gaps
   */
  page(): Maybe<RecordBatch<T> | undefined> {
    if (this.shard.dropped) return this.#passEnd()
    const page = andThen(this.#locate(), (log) => this.#read(log))
    return isLater(page) ? page.catch((error: unknown) => this.#afterFailure(error)) : page
  }

  /** Waits until `page` has something to say. Rejects with the signal's reason. */
  wait(signal: AbortSignal): Maybe<unknown> {
    if (this.shard.dropped) return undefined
    return andThen(this.#locate(), (log) => log.wait(this.#next, Number.POSITIVE_INFINITY, signal))
  }

  /** No page will be asked for any more. */
  end(): void {
    this.#done = true
    this.#stayIn(undefined)
  }

  /** The shard expired while a page of it was read. */
  #afterFailure(error: unknown): undefined {
    if (!this.shard.dropped) throw error
    return this.#passEnd()
  }

  /** The shard has expired with all its records. Nobody can tell any more how many they were. */
  #passEnd(): undefined {
    if (this.#done) return undefined
    this.#done = true
    if (!this.anchored || this.#next >= this.#end) return undefined
    passOver(this.#gap(Number.POSITIVE_INFINITY), this.#plan)
    return undefined
  }

  #gap(recordsMax: number): Gap {
    const after =
      this.#lastOffset === 0 ? undefined : this.shard.sequence.at(this.#lastOffset, this.#lastTimeMs)
    return { shardId: this.shard.id, after, recordsMax }
  }

  #locate(): Maybe<ShardLog> {
    this.#located ??= andThen(this.shard.log(), (log) => {
      const start = this.#start
      if (start.from === 'time' && !this.#plan.untilTail) {
        return andThen(log.seek(start.arrivedAtMs), (next) => this.#settle(log, next))
      }
      return andThen(log.stats(), (stats) =>
        andThen(this.#placeIn(log, stats), (next) => {
          if (this.#plan.untilTail) this.#end = stats.next
          return this.#settle(log, next)
        }),
      )
    })
    return this.#located
  }

  /** Whoever takes the first page is told what went wrong; a reader that nobody uses must not bring the process down. */
  #locateNow(): void {
    try {
      this.#located = this.#locate()
    } catch (error) {
      this.#located = Promise.reject(error)
    }
    if (isLater(this.#located)) this.#located.catch(() => {})
  }

  #settle(log: ShardLog, next: Offset): ShardLog {
    this.#next = next
    this.#located = log
    return log
  }

  /** As much as the caller wants at once, if that is known; but not at the tail, where there is little. */
  #firstPageBytes(): number {
    const { pageBytesMax, pageRecordsMax, pageRecordsAsked } = this.#plan
    const asked = pageRecordsAsked && this.#start.from !== 'latest'
    const wanted = asked ? Math.ceil(pageRecordsMax * this.shard.usualRecordBytes * sizeSlack) : 0
    return Math.min(Math.max(firstPageBytes, wanted), pageBytesMax)
  }

  #placeIn(log: ShardLog, stats: LogStats): Maybe<Offset> {
    const start = this.#start
    switch (start.from) {
      case 'oldest':
        return stats.first
      case 'time':
        return log.seek(start.arrivedAtMs)
      case 'latest':
        this.#anchored = true
        return stats.next
      case 'record':
        this.#anchored = true
        // A number past the tail belongs to a record that a power cut took back. What comes next is read, whatever
        // its number, so that nobody waits for a record that will never exist while others pass by.
        return Math.min(start.offset, stats.next)
      default:
        return start satisfies never
    }
  }

  #read(log: ShardLog): Maybe<RecordBatch<T> | undefined> {
    if (this.#next >= this.#end) this.#done = true
    if (this.#done) return undefined
    const { pageRecordsMax, blocks } = this.#plan
    const usual = Math.ceil(this.#pageBytes / this.#recordBytes)
    const records = Math.min(Math.max(pageRecordsMin, usual), pageRecordsMax)
    const block = blocks.take(this.#pageBytes, records)
    // Asked for before the page: what was stored until then is in it.
    const { closed } = this.shard
    return andThen(this.#fill(log, records, block), (count) => this.#turnPage(log, block, count, closed))
  }

  #fill(log: ShardLog, records: number, block: ReadBlock): Maybe<number> {
    if (this.#plan.leases === undefined) return log.read(this.#next, this.#pageBytes, records, block)
    return andThen(log.readInPlace?.(this.#next, this.#pageBytes, records, block), (count) => {
      this.#stayIn(block.lease)
      if (count !== undefined) return count
      // What is copied is read best while it is in the processor's cache.
      const bytes = Math.min(this.#pageBytes, readDefaults.batchBytes)
      block.reserveBytes(bytesOfPage(bytes, records))
      return log.read(this.#next, bytes, records, block)
    })
  }

  #stayIn(segment: LentBytes | undefined): void {
    if (segment === this.#segment) return
    segment?.share()
    this.#segment?.release()
    this.#segment = segment
  }

  #turnPage(
    log: ShardLog,
    block: ReadBlock,
    count: number,
    closed: boolean,
  ): Maybe<RecordBatch<T> | undefined> {
    if (count === Refusal.trimmed) return this.#readOnFrom(block.first, log, block)
    if (count === 0) {
      this.#plan.blocks.giveBack(block)
      this.#next = Math.max(this.#next, block.next)
      // The loss of power may have taken the end off a log that the metadata say has ended.
      this.#done = block.ended || closed || this.#plan.untilTail
      return undefined
    }
    const horizonMs = this.#plan.horizonMs()
    if ((block.timesMs[0] as number) >= horizonMs) return this.#batch(block, 0, count)
    const visible = firstAtLeast(block.timesMs, count, horizonMs)
    if (visible < count) {
      this.#skipTo(block.offsets[visible] as number)
      return this.#batch(block, visible, count)
    }
    return andThen(log.seek(horizonMs), (offset) =>
      this.#readOnFrom(Math.max(offset, block.next), log, block),
    )
  }

  #readOnFrom(offset: Offset, log: ShardLog, block: ReadBlock): Maybe<RecordBatch<T> | undefined> {
    this.#plan.blocks.giveBack(block)
    this.#skipTo(offset)
    return this.#read(log)
  }

  /** Leaves out hidden records: freely before anything was promised, with a word after that. */
  #skipTo(offset: Offset): void {
    const recordsMax = offset - this.#next
    if (this.#anchored && recordsMax > 0) passOver(this.#gap(recordsMax), this.#plan)
    this.#next = offset
  }

  /** The records of a page from index `from` on, as far as the read goes. */
  #batch(block: ReadBlock, from: number, count: number): RecordBatch<T> | undefined {
    const end = firstAtLeast(block.offsets, count, this.#end)
    this.#next = block.next
    this.#done = block.ended || end < count || block.next >= this.#end
    if (end <= from) {
      this.#plan.blocks.giveBack(block)
      return undefined
    }
    this.#anchored = true
    this.#lastOffset = block.offsets[end - 1] as number
    this.#lastTimeMs = block.timesMs[end - 1] as number
    this.#measure(block, count)
    this.#plan.meter?.read(this.shard, block, from, end)
    const hold = this.#plan.blocks.lend(block)
    const lending = hold && { hold, watch: this.#plan.leases as LeaseWatch }
    return new RecordBatch(this.shard, block, from, end - from, this.#plan.codec, lending)
  }

  /** Cuts the next page to what this one was like. */
  #measure(block: ReadBlock, count: number): void {
    this.shard.usualRecordBytes = bytesOfRecord(block, count)
    if (block.atTail) {
      this.#pageBytes = Math.min(firstPageBytes, this.#plan.pageBytesMax)
      return
    }
    const columnsFull = count >= pageRecordsMin && count * this.#recordBytes >= this.#pageBytes
    const recordBytes = columnsFull ? this.#recordBytes / 2 : this.#pageBytes / (count + 1)
    this.#recordBytes = Math.max(recordBytesMin, recordBytes)
    this.#pageBytes = Math.min(this.#pageBytes * pageGrowth, this.#plan.pageBytesMax)
  }
}

/** What a record of this page takes on average, with what the engine has between them. */
function bytesOfRecord({ columns }: ReadBlock, count: number): number {
  const last = (count - 1) * Column.stride
  const end = (columns[last + Column.dataAt] as number) + (columns[last + Column.dataBytes] as number)
  return Math.max(recordBytesMin, (end - (columns[Column.keyAt] as number)) / count)
}

/** Tells of a gap whoever takes them. @throws `ERR_MILLRACE_TRIMMED` if nobody does */
export function passOver(gap: Gap, plan: Pick<ReadPlan<unknown>, 'onGap'>): void {
  if (plan.onGap === undefined) throw trimmed(gap)
  plan.onGap(gap)
}

function trimmed(gap: Gap): MillraceError {
  const missing = gap.recordsMax === Number.POSITIVE_INFINITY ? 'records' : `up to ${gap.recordsMax} records`
  return new MillraceError(
    'ERR_MILLRACE_TRIMMED',
    `${missing} of ${gap.shardId} expired before they were read; ` +
      "read with onTrimmed: 'skip' to go on behind them",
    { details: { ...gap } },
  )
}
