import { type Maybe, Refusal, type ShardLog } from '../log/log.ts'
import { ReadBlock } from '../log/read-block.ts'
import { KiB } from '../units.ts'
import type { Codec } from './codec.ts'
import { FoundRecord } from './found-record.ts'
import { andThen } from './maybe.ts'
import { StoredRecord } from './record.ts'
import type { RecordPlace } from './starting-position.ts'

const firstBytes: number = 8 * KiB
/** Room that a larger record left behind is not kept. */
const keptBytesMax: number = 128 * KiB

/** Reads single records by their place. The memory it reads into is kept, what it answers has its own. */
export class PointRead {
  /** Free between two calls; whoever reads has taken it. */
  #spare: ReadBlock | undefined

  /**
   * The record at `place`; `undefined` if the log holds none there (any more).
   *
   * @param horizonMs records that arrived before this are hidden; milliseconds since 1970
   */
  record<T>(place: RecordPlace, codec: Codec<T>, horizonMs: number): Maybe<StoredRecord<T> | undefined> {
    return andThen(place.shard.log(), (log) => this.#read(log, place, codec, horizonMs))
  }

  #read<T>(
    log: ShardLog,
    { shard, offset, arrivedAtSeconds }: RecordPlace,
    codec: Codec<T>,
    horizonMs: number,
  ): Maybe<StoredRecord<T> | undefined> {
    const block = this.#spare ?? new ReadBlock(firstBytes, 1)
    this.#spare = undefined
    return andThen(log.read(offset, Number.MAX_SAFE_INTEGER, 1, block), (count) => {
      const timeMs = block.timesMs[0] as number
      const found =
        count !== Refusal.trimmed &&
        count > 0 &&
        block.offsets[0] === offset &&
        // A power cut may have taken the record that the number was made for, and another may have its offset.
        Math.floor(timeMs / 1000) === arrivedAtSeconds &&
        timeMs >= horizonMs
      const record = found ? new StoredRecord(new FoundRecord(shard, block, codec), 0) : undefined
      if (block.bytes.length <= keptBytesMax) this.#spare = block
      return record
    })
  }
}
