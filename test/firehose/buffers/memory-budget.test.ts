import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryBudget, type Spillable } from '../../../src/firehose/buffers/memory-budget.ts'
import { RecordBuffer } from '../../../src/firehose/buffers/record-buffer.ts'
import { KiB } from '../../../src/units.ts'
import { settled } from '../../model/manual-clock.ts'

/** Somebody who can be spilled once a test says so. */
class FakeHolder implements Spillable {
  spillableBytes = 0
  spills = 0
  onSpill: () => void | Promise<void> = () => {}

  async spill(): Promise<void> {
    this.spills += 1
    await this.onSpill()
  }

  onSpillFailed(): void {}
}

describe('room in the budget', () => {
  it('is made by who can be spilled since a relief began, which spilled others', async () => {
    const memory = new MemoryBudget(100)
    const [slow, late] = [new FakeHolder(), new FakeHolder()]
    memory.join(slow)
    memory.join(late)
    const slabs = [memory.take(100), memory.take(100)]
    let end: (() => void) | undefined
    slow.spillableBytes = 100
    slow.onSpill = async () => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      slow.spillableBytes = 0
    }
    late.onSpill = () => {
      late.spillableBytes = 0
      for (const slab of slabs) memory.give(slab, true)
    }
    let room = false
    const wait = async (): Promise<void> => {
      await memory.room(new AbortController().signal)
      room = true
    }
    void wait()
    await settled()
    // Its delivery has failed and waits before it tries again.
    late.spillableBytes = 100
    memory.changed()
    end?.()
    await settled()
    expect([slow.spills, late.spills, room]).toEqual([1, 1, true])
  })
})

describe('buffers that share a budget', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-budget-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true })
  })

  it('keep what is theirs, and give all of it back, whoever is spilled, read and freed when', async () => {
    const step = fc.record({
      on: fc.nat(3),
      what: fc.constantFrom('append', 'append', 'read', 'release', 'spill', 'relieve', 'turn'),
      bytes: fc.nat(40 * KiB),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const memory = new MemoryBudget(128 * KiB)
        const people = new Map<number, Owner>()
        const all: Owner[] = []
        for (const { on, what, bytes } of steps) {
          let owner = people.get(on)
          if (owner === undefined) {
            owner = new Owner(memory, join(folder, `${all.length}.spill`), all.length)
            all.push(owner)
            people.set(on, owner)
          }
          if (what === 'append') owner.append(bytes)
          else if (what === 'read') owner.read()
          else if (what === 'spill') void owner.buffer.spill()
          else if (what === 'relieve') void memory.relieve()
          else if (what === 'turn') await settled()
          else {
            owner.release()
            people.delete(on)
          }
        }
        for (const owner of all) owner.release()
        // What was freed stays so, whoever still asks for it.
        for (const { buffer } of all) void buffer.spill()
        await Promise.all(all.flatMap(({ work }) => work))
        expect(all.flatMap(({ faults }) => faults)).toEqual([])
        expect(memory.usedBytes).toBe(0)
        expect(readdirSync(folder)).toEqual([])
      }),
      { numRuns: 120 },
    )
  })
})

/** A buffer, what it must hold, and what happens to it. */
class Owner {
  readonly buffer: RecordBuffer
  readonly work: Promise<void>[] = []
  /** What was read and is not what was appended. */
  readonly faults: string[] = []
  readonly #mark: number
  #expected: number[] = []
  #reading = false
  #released = false

  constructor(memory: MemoryBudget, path: string, mark: number) {
    this.buffer = new RecordBuffer({ memory, path, keepsOrigins: false }, undefined)
    this.#mark = 1 + (mark % 250)
  }

  /** Nothing is appended to a buffer that is being delivered. */
  append(bytes: number): void {
    if (this.#reading) return
    this.buffer.append({ data: new Uint8Array(bytes).fill(this.#mark), arrivedAtMs: 0 })
    this.#expected.push(bytes)
  }

  read(): void {
    this.#reading = true
    this.work.push(this.#read())
  }

  release(): void {
    this.#released = true
    this.work.push(this.buffer.release())
  }

  async #read(): Promise<void> {
    await this.buffer.pin()
    try {
      let bytes = 0
      for await (const chunk of this.buffer.body()) {
        await settled()
        bytes += chunk.byteLength
        if (!chunk.every((byte) => byte === this.#mark)) this.faults.push("the memory is somebody else's")
      }
      const whole = this.#expected.reduce((sum, each) => sum + each, 0)
      if (!this.#released && bytes !== whole) this.faults.push(`${bytes} of ${whole} bytes`)
    } catch (error) {
      // A delivery that was given up comes to nothing.
      if (!this.#released) throw error
    } finally {
      this.buffer.unpin()
    }
  }
}
