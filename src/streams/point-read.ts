import { MillraceError } from '../errors.ts'
import type { Maybe, ShardLog } from '../log/log.ts'
import { ReadBlock } from '../log/read-block.ts'
import { RecordAnswer, RecordField, RecordSlab } from '../log/record-slab.ts'
import { KiB } from '../units.ts'
import type { Codec } from './codec.ts'
import { FoundRecord } from './found-record.ts'
import { andThen, isLater } from './maybe.ts'
import { StoredRecord } from './record.ts'
import type { Shard } from './shard.ts'
import type { RecordPlace } from './starting-position.ts'

/** The first slab. Each one that follows is twice as large, up to the last size. */
const slabBytesFirst: number = 4 * KiB
const slabBytesMax: number = 64 * KiB
/** A record that takes more of a slab gets one of its own. */
const sharedBytesMax: number = 16 * KiB
/** Room that a larger record needed once is not kept. */
const againBytesMax: number = 128 * KiB
const blockBytesFirst: number = 8 * KiB
/** Room that a larger record left behind is not kept. */
const blockBytesKept: number = 128 * KiB

/** Reads single records by their place. Records that are read one after the other share a slab of memory. */
export class PointRead {
  #slab: RecordSlab = new RecordSlab(0)
  #slabBytes = slabBytesFirst
  /** What is read again and again, from its beginning. */
  #again: RecordSlab = new RecordSlab(RecordField.bytes)
  /** Free between two calls; whoever reads has taken it. */
  #spare: ReadBlock | undefined

  /**
   * The record at `place`; `undefined` if the log holds none there (any more).
   *
   * @param horizonMs records that arrived before this are hidden; milliseconds since 1970
   */
  record<T>(place: RecordPlace, codec: Codec<T>, horizonMs: number): Maybe<StoredRecord<T> | undefined> {
    return andThen(place.shard.log(), (log) => {
      const slab =
        log.readRecord === undefined ? RecordAnswer.notInMemory : this.#read(log, place.offset, false)
      if (typeof slab !== 'number') return taken(slab, place, codec, horizonMs, false)
      if (slab === RecordAnswer.none) return undefined
      return this.#readLater(log, place, codec, horizonMs)
    })
  }

  /**
   * The same within the call, even if that waits for the disk; of an engine that can.
   *
   * @param reuse the record is valid until the next one is asked for like this
   * @throws `ERR_MILLRACE_BACKLOG` while the log is being opened again
   */
  recordNow<T>(
    place: RecordPlace,
    codec: Codec<T>,
    horizonMs: number,
    reuse: boolean,
  ): StoredRecord<T> | undefined {
    const log = place.shard.log()
    if (isLater(log)) throw stillOpening(place.shard)
    const slab = reuse ? this.#readAgain(log, place.offset) : this.#read(log, place.offset, true)
    return typeof slab === 'number' ? undefined : taken(slab, place, codec, horizonMs, reuse)
  }

  /** Reads a record behind the end of a slab, and answers which one; or why there is none. */
  #read(log: ShardLog, offset: number, mayWait: boolean): RecordSlab | RecordMiss {
    if (this.#slab.full) this.#renew()
    for (let slab = this.#slab; ;) {
      const answer = log.readRecord?.(offset, slab, mayWait) ?? RecordAnswer.notInMemory
      if (answer > 0) {
        slab.end = answer
        return slab
      }
      if (answer !== RecordAnswer.noRoom) return answer as RecordMiss
      const { wantedBytes } = slab
      slab = wantedBytes > sharedBytesMax ? new RecordSlab(wantedBytes) : this.#renew()
    }
  }

  /** The same into memory that the last record it was called for gives up. */
  #readAgain(log: ShardLog, offset: number): RecordSlab | RecordMiss {
    for (let slab = this.#again; ;) {
      const answer = log.readRecord?.(offset, slab, true) ?? RecordAnswer.notInMemory
      if (answer > 0) return slab
      if (answer !== RecordAnswer.noRoom) return answer as RecordMiss
      const { wantedBytes } = slab
      slab = new RecordSlab(Math.max(wantedBytes, slabBytesFirst))
      if (wantedBytes <= againBytesMax) this.#again = slab
    }
  }

  #renew(): RecordSlab {
    this.#slab = new RecordSlab(this.#slabBytes)
    this.#slabBytes = Math.min(2 * this.#slabBytes, slabBytesMax)
    return this.#slab
  }

  async #readLater<T>(
    log: ShardLog,
    place: RecordPlace,
    codec: Codec<T>,
    horizonMs: number,
  ): Promise<StoredRecord<T> | undefined> {
    const block = this.#spare ?? new ReadBlock(blockBytesFirst, 1)
    this.#spare = undefined
    const count = await log.read(place.offset, Number.MAX_SAFE_INTEGER, 1, block)
    const found = count > 0 && block.offsets[0] === place.offset
    const record = found ? taken(slabOf(block), place, codec, horizonMs, false) : undefined
    if (block.bytes.length <= blockBytesKept) this.#spare = block
    return record
  }
}

/** Why a record was not read. */
type RecordMiss = typeof RecordAnswer.none | typeof RecordAnswer.notInMemory

/** The record that was read behind the end of `slab`, if it is the one that is wanted. */
function taken<T>(
  slab: RecordSlab,
  { shard, offset, arrivedAtSeconds }: RecordPlace,
  codec: Codec<T>,
  horizonMs: number,
  reuse: boolean,
): StoredRecord<T> | undefined {
  const timeMs = slab.timeMs
  // A power cut may have taken the record that the number was made for, and another may have its offset.
  if (Math.floor(timeMs / 1000) !== arrivedAtSeconds || timeMs < horizonMs) return undefined
  return new StoredRecord(new FoundRecord(shard, offset, slab, reuse ? 0 : slab.keep(), codec), 0)
}

/** The first record of a page, by itself. */
function slabOf(block: ReadBlock): RecordSlab {
  const slab = new RecordSlab(RecordField.bytes)
  const answer = slab.put(block)
  if (answer !== RecordAnswer.noRoom) {
    slab.end = answer
    return slab
  }
  const large = new RecordSlab(slab.wantedBytes)
  large.end = large.put(block)
  return large
}

function stillOpening(shard: Shard): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_BACKLOG',
    `${shard.id}: its log is still being opened; use get(), or try again later`,
    { details: { shardId: shard.id } },
  )
}
