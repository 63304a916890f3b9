import { ReadBlock } from '../log/read-block.ts'
import { KiB } from '../units.ts'

/** What an engine may copy along, bytes: with each record, and with each page. */
const frameBytes = 48
const pageFrameBytes: number = 4 * KiB

/**
 * The blocks of one read, whatever its shards: they are filled one at a time. Records are views of their block, so
 * a block that was handed out is not used again, unless the caller asked for exactly that.
 */
export class BlockSupply {
  readonly #reuse: boolean
  /** A block that nobody holds. */
  #spare: ReadBlock | undefined
  /** The block of the last batch, whose records count for nothing once the next batch is asked for. */
  #lent: ReadBlock | undefined

  /** @param reuse a batch is valid only until the next one is asked for */
  constructor(reuse: boolean) {
    this.#reuse = reuse
  }

  /** A block for a page of this many bytes of keys and payloads, and this many records. */
  take(pageBytes: number, records: number): ReadBlock {
    const bytes = pageBytes + records * frameBytes + pageFrameBytes
    const block = this.#spare ?? this.#lent
    this.#spare = undefined
    this.#lent = undefined
    if (block !== undefined && block.recordCapacity >= records) {
      block.reserveBytes(bytes)
      return block
    }
    return new ReadBlock(bytes, records)
  }

  /** A block whose records nobody was given. */
  giveBack(block: ReadBlock): void {
    this.#spare = block
  }

  /** A block that a batch is made of. */
  lend(block: ReadBlock): void {
    if (this.#reuse) this.#lent = block
  }
}
