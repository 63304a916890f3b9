import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryBudget } from '../../../src/firehose/buffers/memory-budget.ts'
import { RecordBuffer, whilePinned } from '../../../src/firehose/buffers/record-buffer.ts'
import type { DeliveryRecord } from '../../../src/firehose/delivery-record.ts'
import { KiB } from '../../../src/units.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-buffer-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

function bufferIn(memory: MemoryBudget, keepsOrigins = true, file = 'spill'): RecordBuffer {
  return new RecordBuffer({ memory, path: join(folder, 'deeper', file), keepsOrigins }, undefined)
}

function recordOf(index: number, size: number): DeliveryRecord {
  const origin = {
    shardId: 'shardId-000000000007',
    partitionKey: `key\n${index}`,
    sequenceNumber: `4962${index}`,
    subsequenceNumber: index % 3,
  }
  const data = new Uint8Array(size).fill(index % 251)
  return { data, arrivedAtMs: 1_700_000_000_000 + index, origin: index % 2 === 0 ? origin : undefined }
}

async function held(buffer: RecordBuffer, recordsMax = 7): Promise<DeliveryRecord[]> {
  return whilePinned(buffer, async () => {
    const records: DeliveryRecord[] = []
    for await (const parcel of buffer.parcels(recordsMax, 100 * KiB)) {
      expect(parcel.length).toBeLessThanOrEqual(recordsMax)
      records.push(...parcel.map((record) => ({ ...record, data: Uint8Array.from(record.data) })))
    }
    return records
  })
}

describe('a buffer', () => {
  it('gives back the records that were appended, however often it was spilled in between', async () => {
    const step = fc.oneof(fc.nat(300), fc.nat(70 * KiB), fc.constant('spill' as const))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
        const memory = new MemoryBudget()
        const buffer = bufferIn(memory)
        const records: DeliveryRecord[] = []
        for (const each of steps) {
          if (each === 'spill') await buffer.spill()
          else {
            records.push(recordOf(records.length, each))
            buffer.append(records.at(-1) as DeliveryRecord)
          }
        }
        expect(await held(buffer)).toEqual(records)
        expect(buffer.bytes).toBe(records.reduce((sum, { data }) => sum + data.byteLength, 0))
        await buffer.release()
        expect(memory.usedBytes).toBe(0)
        expect(existsSync(join(folder, 'deeper')) ? readdirSync(join(folder, 'deeper')) : []).toEqual([])
      }),
      { numRuns: 15 },
    )
  })

  it('takes records while it is spilled', async () => {
    const buffer = bufferIn(new MemoryBudget())
    const records = Array.from({ length: 200 }, (_, index) => recordOf(index, 500))
    for (const record of records.slice(0, 100)) buffer.append(record)
    const spilling = buffer.spill()
    for (const record of records.slice(100)) buffer.append(record)
    const reading = held(buffer)
    await spilling
    expect(await reading).toEqual(records)
    await buffer.release()
  })

  it('keeps everything when it cannot be spilled', async () => {
    writeFileSync(join(folder, 'deeper'), 'a file where a folder is to be')
    const memory = new MemoryBudget()
    const buffer = bufferIn(memory)
    const records = Array.from({ length: 50 }, (_, index) => recordOf(index, 1000))
    for (const record of records) buffer.append(record)
    await expect(buffer.spill()).rejects.toMatchObject({ code: expect.stringMatching(/EEXIST|ENOTDIR/) })
    expect(await held(buffer)).toEqual(records)
    rmSync(join(folder, 'deeper'))
    await buffer.spill()
    expect(await held(buffer)).toEqual(records)
    await buffer.release()
  })

  it('takes no more memory for small records each time that it cannot be spilled', async () => {
    writeFileSync(join(folder, 'deeper'), 'a file where a folder is to be')
    const memory = new MemoryBudget()
    const buffer = bufferIn(memory)
    buffer.append(recordOf(0, 10))
    const { usedBytes } = memory
    for (let index = 1; index < 10; index++) {
      await expect(buffer.spill()).rejects.toThrow()
      buffer.append(recordOf(index, 10))
    }
    expect(memory.usedBytes).toBe(usedBytes)
    await buffer.release()
  })

  it('stays where it is while somebody reads it', async () => {
    const buffer = bufferIn(new MemoryBudget())
    buffer.append(recordOf(0, 1000))
    await whilePinned(buffer, async () => expect(buffer.spillableBytes).toBe(0))
    expect(buffer.spillableBytes).toBeGreaterThan(1000)
    await buffer.release()
    expect(buffer.spillableBytes).toBe(0)
  })

  it('does not hand memory on that a delivery which was given up may still look at', async () => {
    const memory = new MemoryBudget()
    const buffer = bufferIn(memory, false)
    buffer.append(recordOf(1, 10))
    const seen: Uint8Array[] = []
    void whilePinned(buffer, async () => {
      for await (const chunk of buffer.body()) seen.push(chunk)
      await new Promise(() => {})
    })
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
    await buffer.release()
    const other = bufferIn(memory, false, 'other')
    other.append(recordOf(2, 10))
    expect(seen[0]?.subarray(0, 10)).toEqual(recordOf(1, 10).data)
  })
})

describe('the budget', () => {
  it('spills the largest buffers first, until some of it is free', async () => {
    const memory = new MemoryBudget(1024 * KiB)
    const sizes = [200, 400, 100, 500]
    const buffers = sizes.map((size, index) => {
      const buffer = bufferIn(memory, false, `spill-${index}`)
      for (let record = 0; record < size; record++) buffer.append(recordOf(record, KiB))
      return buffer
    })
    expect(memory.over).toBe(true)
    await memory.room(new AbortController().signal)
    expect(memory.usedBytes).toBeLessThanOrEqual(768 * KiB)
    expect(buffers.map(({ spilledBytes }) => spilledBytes > 0)).toEqual([false, true, false, true])
    await Promise.all(buffers.map((buffer) => buffer.release()))
  })

  it('lets nobody go on while what is read takes all of it, and asks for speed where there is no disk', async () => {
    mkdirSync(join(folder, 'elsewhere'))
    writeFileSync(join(folder, 'deeper'), '')
    const memory = new MemoryBudget(64 * KiB)
    const buffer = bufferIn(memory)
    let hurried = 0
    buffer.hurry = () => {
      hurried += 1
    }
    for (let record = 0; record < 100; record++) buffer.append(recordOf(record, KiB))
    const events: string[] = []
    const waiting = (async () => {
      await memory.room(new AbortController().signal)
      events.push('room')
    })()
    while (hurried === 0) await new Promise((resolve) => setImmediate(resolve))
    events.push('hurried')
    await buffer.release()
    await waiting
    expect(events).toEqual(['hurried', 'room'])
  })

  it('ends a wait with its signal', async () => {
    const memory = new MemoryBudget(KiB)
    const slab = memory.take(2 * KiB)
    const stop = new AbortController()
    const waiting = expect(memory.room(stop.signal)).rejects.toThrow('enough')
    stop.abort(new Error('enough'))
    await waiting
    memory.give(slab, true)
    expect(memory.over).toBe(false)
  })

  it('never holds more than it is, slabs that nobody uses included', () => {
    const memory = new MemoryBudget(256 * KiB)
    const small = Array.from({ length: 16 }, () => memory.take(16 * KiB))
    for (const slab of small) memory.give(slab, true)
    const [again] = [memory.take(16 * KiB)]
    expect(small).toContain(again)
    memory.give(again as Uint8Array, false)
    expect(memory.usedBytes).toBe(0)
  })
})
