import { Column, type Maybe, type Offset, Refusal, type ShardLog } from '../log/log.ts'
import { ReadBlock } from '../log/read-block.ts'
import { KiB, MiB } from '../units.ts'
import { firstAtLeast } from './ascending.ts'
import { bytesOfPage } from './block-supply.ts'
import { bytesCodec } from './codec.ts'
import { andThen } from './maybe.ts'
import { PageHold } from './page-hold.ts'
import { RecordBatch } from './record-batch.ts'
import type { Shard } from './shard.ts'
import { iteratorOf, type ShardIterator, shardOfIterator } from './shard-iterator.ts'
import type { StreamCore } from './stream-core.ts'

/** Records of one page at most (AWS API model, GetRecords). */
export const pageRecordsMax = 10_000
/** Keys and data of one page at most, but always one record; bytes (AWS API model, GetRecords). */
export const pageBytesMax: number = 10 * MiB

/** A page is read in parts: small ones at the tail, where there is little, then larger ones. */
const firstPartBytes: number = 8 * KiB
const partBytesMax: number = 256 * KiB
const partGrowth = 8
const partRecordsMin = 16
/** Until a page of the shard says better: columns are cut for records of this size, bytes. */
const recordBytesFirst = 128
/** Smaller records fill a part's columns before its bytes. */
const recordBytesMin = 16

/** How much one page may hold. */
export interface PageSize {
  /** 1 to 10,000. @defaultValue 10,000 */
  readonly records?: number | undefined
  /** Keys and data, bytes. A single larger record still comes. @defaultValue 10 MiB */
  readonly bytes?: number | undefined
}

/** What one GetRecords answers: what is there now, never more, and where to go on. */
export interface ShardPage {
  readonly shard: Shard
  /** The records in order, a batch for each part that was read; none if there is nothing now. */
  readonly batches: readonly RecordBatch[]
  readonly records: number
  /** Keys and data, bytes. */
  readonly bytes: number
  /** Where the next page begins; `undefined` when the shard is closed and all of it was read. */
  readonly next: ShardIterator | undefined
  /** At the end of the shard, those that took over: two after a split, one after a merge. Otherwise none. */
  readonly childShards: readonly Shard[]
  /** Its log has ended and all of it was read, but the shard is not closed yet: who takes over is being settled. */
  readonly beingClosed: boolean
  /**
   * From the arrival of the last record here to that of the newest in the shard; 0 when no unread record remains.
   * Milliseconds.
   */
  readonly millisBehindLatest: number
  /** Whoever has copied what it needs gives the memory back: the batches are `released` then. May be left out. */
  release(): void
}

/**
 * Reads a page from an iterator on, without waiting for records: at once if the engine answers so. Records that are
 * older than the retention are hidden to the millisecond, and passed over without a word, as GetRecords does.
 *
 * @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND`, `ERR_MILLRACE_SHARD_NOT_FOUND`, and what goes wrong
 *   when reading; or later in the promise
 */
export function shardPage(core: StreamCore, iterator: ShardIterator, size: PageSize = {}): Maybe<ShardPage> {
  core.requireUsable()
  return new PageInWork(core, iterator, size).run()
}

/** A page while its parts are read. */
class PageInWork {
  readonly #core: StreamCore
  readonly #shard: Shard
  readonly #holds: PageHold[] = []
  readonly #batches: RecordBatch[] = []
  #next: Offset
  #recordsLeft: number
  readonly #bytesMax: number
  #records = 0
  #bytes = 0
  #partBytes = firstPartBytes
  #lastTimeMs = 0
  /** Nothing more can follow in the log, and all of it was read. */
  #ended = false

  constructor(core: StreamCore, iterator: ShardIterator, size: PageSize) {
    this.#core = core
    this.#shard = shardOfIterator(core, iterator)
    this.#next = iterator.offset
    this.#recordsLeft = size.records ?? pageRecordsMax
    this.#bytesMax = size.bytes ?? pageBytesMax
  }

  run(): Maybe<ShardPage> {
    return andThen(this.#shard.log(), (log) => this.#read(log))
  }

  #read(log: ShardLog): Maybe<ShardPage> {
    const bytes = Math.min(this.#partBytes, this.#bytesMax - this.#bytes)
    const usual = this.#shard.usualRecordBytes || recordBytesFirst
    const wanted = Math.max(partRecordsMin, Math.ceil(this.#partBytes / usual))
    const records = Math.min(wanted, this.#recordsLeft)
    const block = this.#block(bytesOfPage(bytes, records), records)
    this.#partBytes = Math.min(this.#partBytes * partGrowth, partBytesMax)
    // Asked for before the page: what was stored until then is in it.
    const { closed } = this.#shard
    return andThen(log.read(this.#next, bytes, records, block), (count) => {
      // The loss of power may have taken the end off a log that the metadata say has ended.
      const ended = block.ended || (closed && block.atTail)
      return this.#turn(log, block, count, ended)
    })
  }

  #block(bytes: number, records: number): ReadBlock {
    const pooled = this.#core.blocks.take(records)
    if (pooled === undefined) return new ReadBlock(bytes, records)
    pooled.reserveBytes(bytes)
    return pooled
  }

  #turn(log: ShardLog, block: ReadBlock, count: number, ended: boolean): Maybe<ShardPage> {
    if (count === Refusal.trimmed) {
      this.#pass(block, block.first)
      return this.#read(log)
    }
    if (count === 0) {
      this.#ended = ended
      this.#pass(block, Math.max(this.#next, block.next))
      return this.#finish(log, true)
    }
    const horizonMs = this.#core.horizonMs()
    const from = firstAtLeast(block.timesMs, count, horizonMs)
    if (from === count) {
      return andThen(log.seek(horizonMs), (offset) => {
        this.#pass(block, Math.max(offset, block.next))
        return this.#read(log)
      })
    }
    if (!this.#take(block, from, count)) return this.#finish(log, false)
    this.#ended = ended
    const full = this.#recordsLeft === 0 || this.#bytes >= this.#bytesMax
    return block.atTail || full ? this.#finish(log, block.atTail) : this.#read(log)
  }

  /** Goes on at an offset without the block's records. */
  #pass(block: ReadBlock, next: Offset): void {
    this.#core.blocks.give(block)
    this.#next = next
  }

  /** Takes the records of a part, but not one that is too much for what is left of the page. */
  #take(block: ReadBlock, from: number, count: number): boolean {
    const bytes = bytesOf(block, from, count)
    if (this.#records > 0 && this.#bytes + bytes > this.#bytesMax) {
      this.#core.blocks.give(block)
      return false
    }
    const hold = new PageHold(block, (free) => this.#core.blocks.give(free))
    const lending = { hold, watch: this.#core.leases }
    this.#core.meter?.read(this.#shard, block, from, count)
    this.#holds.push(hold)
    this.#batches.push(new RecordBatch(this.#shard, block, from, count - from, bytesCodec, lending))
    this.#records += count - from
    this.#recordsLeft -= count - from
    this.#bytes += bytes
    this.#next = block.next
    this.#lastTimeMs = block.timesMs[count - 1] as number
    this.#shard.usualRecordBytes = Math.max(recordBytesMin, bytes / (count - from))
    return true
  }

  #finish(log: ShardLog, atTail: boolean): Maybe<ShardPage> {
    if (atTail) return this.#page(0)
    return andThen(log.stats(), ({ lastTimeMs }) => this.#page(Math.max(0, lastTimeMs - this.#lastTimeMs)))
  }

  #page(millisBehindLatest: number): ShardPage {
    const holds = this.#holds
    const shard = this.#shard
    if (this.#ended && !shard.closed) this.#core.refresh()
    const over = this.#ended && shard.closed
    return {
      shard,
      batches: this.#batches,
      records: this.#records,
      bytes: this.#bytes,
      next: over ? undefined : iteratorOf(shard, this.#next),
      childShards: over ? this.#core.table.childrenOf(shard.index) : [],
      beingClosed: this.#ended && !over,
      millisBehindLatest,
      release: () => {
        for (const hold of holds.splice(0)) hold.release()
      },
    }
  }
}

function bytesOf({ columns }: ReadBlock, from: number, count: number): number {
  let bytes = 0
  for (let at = from * Column.stride; at < count * Column.stride; at += Column.stride) {
    bytes += (columns[at + Column.keyBytes] as number) + (columns[at + Column.dataBytes] as number)
  }
  return bytes
}
