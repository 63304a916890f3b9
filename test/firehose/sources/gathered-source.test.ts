import { describe, expect, it } from 'vitest'
import type { SourcePosition } from '../../../src/firehose/delivery-source.ts'
import { GatheredSource } from '../../../src/firehose/sources/gathered-source.ts'
import { ManualClock } from '../../../src/testing/manual-clock.ts'
import { ScriptedSource, settled } from '../delivery-rig.ts'

/** A source of small batches, what is gathered of them, and somebody who reads that. */
class Reading {
  readonly clock = new ManualClock()
  readonly inner = new ScriptedSource(this.clock)
  readonly source = new GatheredSource(this.inner, { clock: this.clock, bytes: 10, ms: 60_000 })
  readonly batches: { readonly text: string; readonly position: SourcePosition }[] = []
  readonly stop = new AbortController()
  /** What the reader waits for before it asks for the next batch. */
  held: Promise<void> = Promise.resolve()
  ended: unknown

  constructor() {
    this.inner.batchRecords = 1
    this.start()
  }

  start(): void {
    void this.#read().catch((error: unknown) => {
      this.ended = error
    })
  }

  get texts(): readonly string[] {
    return this.batches.map(({ text }) => text)
  }

  async #read(): Promise<void> {
    const from = this.batches.at(-1)?.position
    for await (const { records, position } of this.source.batches(from, this.stop.signal)) {
      const text = records.map(({ data }) => Buffer.from(data).toString()).join('')
      await this.held
      this.batches.push({ text, position })
    }
  }
}

describe('a gathered source', () => {
  it('hands out what came within so long of the first record', async () => {
    const reading = new Reading()
    reading.inner.put('a')
    await reading.clock.advance(59_999)
    reading.inner.put('b')
    await settled()
    expect(reading.texts).toEqual([])
    await reading.clock.advance(1)
    expect(reading.batches).toEqual([{ text: 'ab', position: { shard: '2' } }])
    reading.inner.put('c')
    await reading.clock.advance(59_999)
    expect(reading.texts).toEqual(['ab'])
    await reading.clock.advance(1)
    expect(reading.texts).toEqual(['ab', 'c'])
  })

  it('hands out so much at once', async () => {
    const reading = new Reading()
    reading.inner.put('four', 'five.', 'x', 'y', 'more than enough', 'z')
    await settled()
    expect(reading.batches).toEqual([
      { text: 'fourfive.x', position: { shard: '3' } },
      { text: 'ymore than enough', position: { shard: '5' } },
    ])
    reading.inner.put('123456789')
    await settled()
    expect(reading.texts.at(-1)).toBe('z123456789')
    expect(reading.clock.pending).toBe(0)
  })

  it('keeps nobody waiting who wants to catch up, until the reader has asked for the next batch', async () => {
    const reading = new Reading()
    let release: (() => void) | undefined
    reading.held = new Promise((resolve) => {
      release = resolve
    })
    reading.inner.put('a', 'b')
    await settled()
    let caughtUp = false
    const waiting = (async () => {
      await reading.source.caughtUp(reading.stop.signal)
      caughtUp = true
    })()
    await settled()
    expect(caughtUp).toBe(false)
    release?.()
    await waiting
    expect(reading.texts).toEqual(['ab'])
    await reading.source.caughtUp(reading.stop.signal)
  })

  it('reads again what its reader could not take, and is not caught up before', async () => {
    const reading = new Reading()
    reading.held = Promise.reject(new Error('no'))
    reading.held.catch(() => {})
    reading.inner.put('a', 'b')
    await settled()
    let caughtUp = false
    const waiting = (async () => {
      await reading.source.caughtUp(reading.stop.signal)
      caughtUp = true
    })()
    await settled()
    expect(reading.ended).toEqual(new Error('no'))
    expect([reading.texts, caughtUp, reading.clock.pending]).toEqual([[], false, 0])
    reading.held = Promise.resolve()
    reading.start()
    await waiting
    expect(reading.batches).toEqual([{ text: 'ab', position: { shard: '2' } }])
    expect(reading.inner.begun).toBe(2)
  })

  it('ends with the reason of its signal, and so does whoever waits', async () => {
    const reading = new Reading()
    reading.inner.put('a')
    await settled()
    reading.held = new Promise(() => {})
    const waiting = reading.source.caughtUp(reading.stop.signal)
    const reason = new Error('stop')
    reading.stop.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    const idle = new Reading()
    idle.inner.put('a')
    await settled()
    idle.stop.abort(reason)
    await settled()
    expect([idle.ended, idle.texts, idle.clock.pending]).toEqual([reason, [], 0])
  })
})
