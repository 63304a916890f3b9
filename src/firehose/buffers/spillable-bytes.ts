import type { MemoryBudget } from './memory-budget.ts'
import type { Extent, SpillFile } from './spill-file.ts'

interface Slab {
  readonly memory: Uint8Array
  /** From its beginning. */
  used: number
}

/** What was in memory and is on its way to a file. It is nowhere else meanwhile. */
export class Detached {
  readonly chunks: readonly Uint8Array[]
  readonly bytes: number
  readonly slabs: readonly Slab[]

  constructor(slabs: readonly Slab[]) {
    this.slabs = slabs
    this.chunks = slabs.map(({ memory, used }) => memory.subarray(0, used))
    this.bytes = slabs.reduce((sum, { used }) => sum + used, 0)
  }
}

/**
 * Bytes that are appended and read from the beginning: in a file as far as they were moved there, the rest in slabs. While
 * they are moved nothing is read; appending goes on.
 */
export class SpillableBytes {
  readonly #memory: MemoryBudget
  readonly #file: SpillFile
  /** Sizes of the first slabs, the last of them for all that follow. */
  readonly #slabSizes: readonly number[]
  readonly #extents: Extent[] = []
  #slabs: Slab[] = []
  /** Is appended to. */
  #last: Slab | undefined
  #heldBytes = 0
  #spilledBytes = 0

  constructor(memory: MemoryBudget, file: SpillFile, slabSizes: readonly number[]) {
    this.#memory = memory
    this.#file = file
    this.#slabSizes = slabSizes
  }

  /** Memory in use. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  get spilledBytes(): number {
    return this.#spilledBytes
  }

  append(bytes: Uint8Array): void {
    const length = bytes.byteLength
    for (let from = 0; from < length;) {
      let slab = this.#last
      if (slab === undefined || slab.used === slab.memory.byteLength) slab = this.#nextSlab()
      const count = Math.min(slab.memory.byteLength - slab.used, length - from)
      slab.memory.set(count === length ? bytes : bytes.subarray(from, from + count), slab.used)
      slab.used += count
      from += count
    }
  }

  /** Chunks in order, behind the first so many bytes. Those in memory are valid until `release`. */
  async *read(from = 0): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#file.read(extentsBehind(this.#extents, from))
    let skipped = Math.max(0, from - this.#spilledBytes)
    for (const { memory, used } of this.#slabs) {
      const begin = Math.min(skipped, used)
      skipped -= begin
      if (begin < used)
        yield begin === 0 && used === memory.byteLength ? memory : memory.subarray(begin, used)
    }
  }

  /** Takes out what is in memory now, to be `moved` or put `back`. */
  detach(): Detached {
    const detached = new Detached(this.#slabs)
    this.#slabs = []
    this.#last = undefined
    return detached
  }

  /** What was detached is in the file, from there on. */
  moved({ slabs, bytes }: Detached, position: number): void {
    this.#extents.push({ position, bytes })
    this.#spilledBytes += bytes
    this.#giveBack(slabs, true)
  }

  /** What was detached could not be moved. */
  back({ slabs }: Detached): void {
    this.#slabs = [...slabs, ...this.#slabs]
    // The last one is filled on: room in it would be lost at each attempt.
    this.#last ??= slabs.at(-1)
  }

  /** @param reusable nobody looks at its memory any more */
  release(reusable: boolean): void {
    const slabs = this.#slabs
    this.#slabs = []
    this.#last = undefined
    this.#giveBack(slabs, reusable)
  }

  /** Small ones at first, and after what was there was moved: memory is scarce then. */
  #nextSlab(): Slab {
    const size = this.#slabSizes[Math.min(this.#slabs.length, this.#slabSizes.length - 1)] as number
    this.#heldBytes += size
    const slab = { memory: this.#memory.take(size), used: 0 }
    this.#slabs.push(slab)
    this.#last = slab
    return slab
  }

  #giveBack(slabs: readonly Slab[], reusable: boolean): void {
    for (const { memory } of slabs) {
      this.#heldBytes -= memory.byteLength
      this.#memory.give(memory, reusable)
    }
  }
}

/** What is left of extents after the first so many bytes. */
function extentsBehind(extents: readonly Extent[], from: number): readonly Extent[] {
  if (from === 0) return extents
  const left: Extent[] = []
  let skipped = from
  for (const { position, bytes } of extents) {
    const begin = Math.min(skipped, bytes)
    skipped -= begin
    if (begin < bytes) left.push({ position: position + begin, bytes: bytes - begin })
  }
  return left
}
