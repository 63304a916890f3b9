import { ReadBlock } from '../log/read-block.ts'
import { KiB } from '../units.ts'
import { PageHold } from './page-hold.ts'

/** What an engine may copy along, bytes: with each record, and with each page. */
const frameBytes = 48
const pageFrameBytes: number = 4 * KiB

/** Blocks that a stream keeps, and how large they may be. */
const pooledMax = 4
const pooledBytesMax: number = 512 * KiB

/** Room for a page of so many bytes of keys and payloads in so many records. */
export function bytesOfPage(pageBytes: number, records: number): number {
  return pageBytes + records * frameBytes + pageFrameBytes
}

/** Blocks of reads that have ended, for the next ones that use their memory again. */
export class BlockPool {
  readonly #blocks: ReadBlock[] = []

  /** A block with room for so many records, if there is one. */
  take(records: number): ReadBlock | undefined {
    const at = this.#blocks.findLastIndex((block) => block.recordCapacity >= records)
    return at < 0 ? undefined : this.#blocks.splice(at, 1)[0]
  }

  /** Somebody has done with a block, and nobody will look at its records any more. */
  give(block: ReadBlock): void {
    if (block.bytes.length > pooledBytesMax) return
    if (this.#blocks.length === pooledMax) this.#blocks.shift()
    this.#blocks.push(block)
  }
}

/**
 * The blocks of one read, whatever its shards: they are filled one at a time. Records are views of their block, so
 * a block that was handed out is not used again, unless the caller asked for exactly that.
 */
export class BlockSupply {
  readonly #reuse: boolean
  readonly #lease: boolean
  readonly #pool: BlockPool | undefined
  /** A block that nobody holds. */
  #spare: ReadBlock | undefined
  /** The block of the last batch, whose records count for nothing once the next batch is asked for. */
  #lent: ReadBlock | undefined
  /** The last batch of a leasing read. */
  #hold: PageHold | undefined

  /**
   * @param reuse a batch is valid only until the next one is asked for
   * @param lease the same, but a batch can be held; pages are not copied where that can be avoided
   * @param pool where the block of a read with `reuse` comes from, and goes to when it has ended
   */
  constructor(reuse: boolean, lease: boolean, pool: BlockPool) {
    this.#reuse = reuse
    this.#lease = lease
    this.#pool = reuse ? pool : undefined
  }

  /** A block for a page of this many bytes of keys and payloads, and this many records. */
  take(pageBytes: number, records: number): ReadBlock {
    // What is leased needs no room.
    const bytes = this.#lease ? 0 : bytesOfPage(pageBytes, records)
    const block = this.#spare ?? this.#lent ?? this.#pool?.take(records)
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
    block.giveBack()
    this.#spare = block
  }

  /** A block that a batch is made of. Answers who holds it, in a leasing read. */
  lend(block: ReadBlock): PageHold | undefined {
    if (this.#reuse) this.#lent = block
    if (!this.#lease) return undefined
    this.#hold = new PageHold(block, (free) => {
      // As with a segment: whoever kept a payload finds it empty, and not in the middle of another record.
      if (free.lease === undefined) free.detachBytes()
      this.giveBack(free)
    })
    return this.#hold
  }

  /** The next batch is asked for, or none will be: the last one is no longer the reader's. */
  recall(): void {
    const hold = this.#hold
    this.#hold = undefined
    hold?.release()
  }

  /** The read has ended: its last batch counts for nothing any more. */
  end(): void {
    this.recall()
    const block = this.#spare ?? this.#lent
    this.#spare = undefined
    this.#lent = undefined
    if (block !== undefined) this.#pool?.give(block)
  }
}
