import type { NativeEngine as NativeHandle } from '../native/addon.ts'
import { callNative } from '../native/failure.ts'
import type { BucketRate, Buckets, BucketTable } from './buckets.ts'

/** Buckets that the threads which have an embedded engine open count in together. */
export class NativeBucketTable implements BucketTable {
  readonly #native: NativeHandle

  constructor(native: NativeHandle) {
    this.#native = native
  }

  /** As they come from the addon: calls are hot, and what they throw would be a mistake of ours. */
  open(name: string, rates: readonly BucketRate[], nowMs: number): Buckets {
    const pairs = Float64Array.from(rates.flatMap(({ perSecond, capacity }) => [perSecond, capacity]))
    return callNative(() => this.#native.openBuckets(name, pairs, nowMs))
  }
}
