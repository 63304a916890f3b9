import { MiB } from '../../units.ts'
import { Bell } from '../bell.ts'

/** What `FirehoseOptions.memoryBytes` is unless it says otherwise, bytes. */
export const memoryBytesDefault: number = 72 * MiB

/** Beyond the budget, buffers are spilled until only so much of it is used: many small files would be slow. */
const relievedShare = 0.75

/** Somebody who holds slabs and can put what is in them into a file. */
export interface Spillable {
  /** What `spill` would give back now, bytes; 0 while somebody reads from memory. */
  readonly spillableBytes: number
  /** Rejects if the file cannot be written; nothing is lost then, and nothing was given back. */
  spill(): Promise<void>
  /** It could not be spilled: whatever else frees the memory is to happen soon. */
  onSpillFailed(error: unknown): void
}

/** Memory with anything in it: to fill it first would cost as much as to write to it. */
export function unfilled(bytes: number): Uint8Array {
  // No `Buffer`: what is handed out is sliced by people who know arrays.
  return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
}

/**
 * The memory of all buffers of a store, in slabs. Beyond it the largest buffers are spilled to files. The budget is kept
 * by those who read from sources: they wait for `room` after each batch, so it may be exceeded by one batch each.
 */
export class MemoryBudget {
  readonly maxBytes: number
  #usedBytes = 0
  /** By size. */
  readonly #spare: Map<number, Uint8Array[]> = new Map()
  #spareBytes = 0
  readonly #holders: Set<Spillable> = new Set()
  #relief: Promise<void> | undefined
  /** Rings when there is more room, or somebody to make it. */
  readonly #bell: Bell = new Bell()

  /** @param maxBytes what all buffers hold in memory at most */
  constructor(maxBytes: number = memoryBytesDefault) {
    this.maxBytes = maxBytes
  }

  /** Slabs that are in use, bytes. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  get over(): boolean {
    return this.#usedBytes > this.maxBytes
  }

  /** Memory of this size; what is in it is anybody's. */
  take(bytes: number): Uint8Array {
    this.#usedBytes += bytes
    const slab = this.#spare.get(bytes)?.pop()
    if (slab !== undefined) {
      this.#spareBytes -= bytes
      return slab
    }
    this.#trim()
    return unfilled(bytes)
  }

  /** @param reusable nobody looks at it any more */
  give(slab: Uint8Array, reusable: boolean): void {
    const bytes = slab.byteLength
    this.#usedBytes -= bytes
    if (reusable && this.#usedBytes + this.#spareBytes + bytes <= this.maxBytes) {
      this.#spareBytes += bytes
      const spare = this.#spare.get(bytes)
      if (spare === undefined) this.#spare.set(bytes, [slab])
      else spare.push(slab)
    }
    this.#bell.ring()
  }

  join(holder: Spillable): void {
    this.#holders.add(holder)
  }

  leave(holder: Spillable): void {
    this.#holders.delete(holder)
  }

  /** Somebody can be spilled that could not before. */
  changed(): void {
    this.#bell.ring()
  }

  /** Spills what can be spilled, if the budget is exceeded. Never rejects. */
  relieve(): Promise<void> | undefined {
    if (!this.over) return this.#relief
    this.#relief ??= this.#spillLargest().finally(() => {
      this.#relief = undefined
    })
    return this.#relief
  }

  /**
   * Resolves once the budget is kept. What is spilled or delivered makes room; so whoever waits here must not be the
   * one who delivers. Rejects with the signal's reason.
   */
  async room(signal: AbortSignal): Promise<void> {
    while (this.over) {
      signal.throwIfAborted()
      const { rings } = this.#bell
      await this.relieve()
      // Whoever can be spilled only since then was not asked.
      if (this.over && rings === this.#bell.rings) await this.#bell.heard(signal)
    }
  }

  async #spillLargest(): Promise<void> {
    const enough = this.maxBytes * relievedShare
    const largest = Array.from(this.#holders, (holder) => ({ holder, bytes: holder.spillableBytes }))
      .filter(({ bytes }) => bytes > 0)
      .toSorted((one, other) => other.bytes - one.bytes)
    for (const { holder } of largest) {
      if (this.#usedBytes <= enough) return
      // Meanwhile it may have been delivered.
      if (holder.spillableBytes === 0) continue
      try {
        await holder.spill()
      } catch (error) {
        holder.onSpillFailed(error)
      }
    }
  }

  /** Slabs that nobody uses are the memory of what comes next; those of other sizes make way for it. */
  #trim(): void {
    for (const [bytes, slabs] of this.#spare) {
      while (slabs.length > 0 && this.#usedBytes + this.#spareBytes > this.maxBytes) {
        slabs.pop()
        this.#spareBytes -= bytes
      }
    }
  }
}
