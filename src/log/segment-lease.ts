import { markAsUntransferable } from 'node:worker_threads'
import type { NativeLease, NativeLogReading } from '../native/addon.ts'
import type { Offset } from './log.ts'
import type { LentBytes } from './read-block.ts'

/**
 * A finished segment as memory that is lent and not copied. It counts who uses it: with the last of them the
 * memory goes, and every array over it is empty from then on. Should somebody forget to release it, the garbage
 * collector unmaps the segment once no array over it is left.
 */
export class SegmentLease implements LentBytes {
  /** The whole segment. Stores reach pages of this process alone. */
  readonly bytes: Uint8Array
  readonly native: NativeLease
  readonly #first: Offset
  readonly #next: Offset
  #shares = 0
  #released = false

  constructor(native: NativeLease) {
    this.native = native
    const buffer = native.buffer()
    // Another thread would go on with the memory after this one has ended, and its mapping with it.
    markAsUntransferable(buffer)
    this.bytes = new Uint8Array(buffer)
    this.#first = native.first()
    this.#next = native.next()
  }

  /** Nobody uses it any more, and nobody can. */
  get released(): boolean {
    return this.#released
  }

  /** Whether a record with this offset lies in it, or would. */
  covers(offset: Offset): boolean {
    return offset >= this.#first && offset < this.#next
  }

  share(): this {
    this.#shares += 1
    return this
  }

  release(): void {
    this.#shares -= 1
    if (this.#shares > 0) return
    this.#released = true
    this.native.release()
  }
}

/** The leased segments of one log: one mapping each, however many readers there are. */
export class SegmentLeases {
  readonly #native: NativeLogReading
  /** Weak: a lease that everybody forgot is the garbage collector's. */
  #known: WeakRef<SegmentLease>[] = []

  constructor(native: NativeLogReading) {
    this.#native = native
  }

  /** The segment that holds `offset`, mapped if need be; `undefined` where it cannot be leased. */
  at(offset: Offset): SegmentLease | undefined {
    return this.#find(offset) ?? this.#map(offset)
  }

  #find(offset: Offset): SegmentLease | undefined {
    for (const known of this.#known) {
      const lease = known.deref()
      if (lease !== undefined && !lease.released && lease.covers(offset)) return lease
    }
    return undefined
  }

  #map(offset: Offset): SegmentLease | undefined {
    const native = this.#native.lease(offset)
    if (native === null) return undefined
    const lease = new SegmentLease(native)
    this.#known = this.#known.filter((known) => known.deref()?.released === false)
    this.#known.push(new WeakRef(lease))
    return lease
  }
}
