import type { PageHold } from './page-hold.ts'
import type { WarningListener } from './warning.ts'

/**
 * Keeps the records of a batch of a leasing read valid beyond the next batch, until it is released. Also after
 * the records have expired and the store was closed. `using lease = batch.lease()` releases by itself.
 */
export class BatchLease implements Disposable {
  readonly #hold: PageHold
  readonly #watch: LeaseWatch
  #released = false

  /** `batch.lease` makes leases. */
  constructor(hold: PageHold, watch: LeaseWatch, shardId: string) {
    this.#hold = hold.share()
    this.#watch = watch
    watch.expect(this, shardId)
  }

  get released(): boolean {
    return this.#released
  }

  /**
   * Gives the memory back. Unless the batch has another lease or is the reader's last one, using it is an
   * `ERR_MILLRACE_RELEASED` from now on, and payloads that were taken from it are empty once nobody uses their
   * segment, a copied page at once. Idempotent.
   */
  release(): void {
    if (this.#released) return
    this.#released = true
    this.#watch.released(this)
    this.#hold.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

/** Notices leases that were forgotten. Their memory is freed with the last array over it, whenever that is. */
export class LeaseWatch {
  readonly #forgotten: FinalizationRegistry<string>

  constructor(warn: WarningListener) {
    this.#forgotten = new FinalizationRegistry((shardId) =>
      warn({
        code: 'lease-forgotten',
        message: `a lease of records of ${shardId} was never released; their segment stays mapped for longer than needed`,
        details: { shardId },
      }),
    )
  }

  expect(lease: BatchLease, shardId: string): void {
    this.#forgotten.register(lease, shardId, lease)
  }

  released(lease: BatchLease): void {
    this.#forgotten.unregister(lease)
  }
}
