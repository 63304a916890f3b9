import type { Router } from '../log/log.ts'

/**
 * Spreads records evenly over the open shards of a stream, one after the other, whatever their keys: what the
 * distribution AUTO promises (AWS API model).
 */
export class SpreadRouter implements Router {
  readonly #shards: number
  #next = 0

  /** @param shards that are open */
  constructor(shards: number) {
    this.#shards = shards
  }

  route(_batch: unknown, count: number, shardOf: Uint32Array): void {
    for (let record = 0; record < count; record++) {
      shardOf[record] = this.#next
      this.#next = this.#next + 1 === this.#shards ? 0 : this.#next + 1
    }
  }
}
