import type { ReadBlock } from '../log/read-block.ts'

/**
 * Who still needs the memory of one batch of a leasing read: the reader until it is asked for the next batch, and
 * whoever called `batch.lease()`.
 */
export class PageHold {
  readonly #block: ReadBlock
  readonly #free: (block: ReadBlock) => void
  #holders = 1

  /** @param free takes the block back from the last holder */
  constructor(block: ReadBlock, free: (block: ReadBlock) => void) {
    this.#block = block
    this.#free = free
  }

  /** The memory belongs to somebody else. */
  get released(): boolean {
    return this.#holders === 0
  }

  /** One more holder. Each calls `release` once. */
  share(): this {
    this.#holders += 1
    return this
  }

  release(): void {
    this.#holders -= 1
    if (this.#holders === 0) this.#free(this.#block)
  }
}
