/**
 * Reading without a copy. `npm run test:copies` runs this against an addon that was built as for a runtime that
 * forbids external buffers: all claims but those about mappings hold there, too.
 */
import { readdirSync, readFileSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { open } from '../src/open.ts'
import { inspectStore } from '../src/inspect.ts'
import type { BatchLease } from '../src/streams/batch-lease.ts'
import type { RecordBatch } from '../src/streams/record-batch.ts'
import type { Store } from '../src/streams/store.ts'
import type { Stream } from '../src/streams/stream.ts'
import type { StoreWarning } from '../src/streams/warning.ts'
import { ManualClock } from './model/manual-clock.ts'
import { ScratchFolder } from './native/scratch-folder.ts'

const forbidden = process.env['MILLRACE_NATIVE']?.endsWith('millrace_copies.node') === true
/** Mappings are counted where they are listed. */
const lends = !forbidden && process.platform === 'linux'
const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** Segments grow from 1 MiB fourfold: so many records of this size fill the first two and begin the third. */
const records = 6_000
const payloadBytes = 1_000

let folder: string
let store: Store
let stream: Stream
let warnings: StoreWarning[]
let damaged: boolean

beforeEach(async () => {
  folder = scratch.fresh()
  warnings = []
  damaged = false
  store = await open(folder, { onWarning: (warning) => warnings.push(warning) })
  stream = await store.createStream('s')
  const entries = Array.from({ length: records }, (_, n) => ({ partitionKey: `k${n}`, data: payload(n) }))
  await stream.putBatch(entries)
})
afterEach(async () => {
  await store.close().catch((error: unknown) => {
    if (!damaged) throw error
  })
})

function payload(n: number): Buffer {
  return Buffer.alloc(payloadBytes, `${n}.`)
}

/** Mappings of leased segments: nothing else of ours is private. */
function leasedMappings(): number {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n')
  return maps.filter((line) => line.includes(folder) && /^\S+ rw-p/.test(line)).length
}

/** Files are unmapped by a helper thread, which may be busy with something else. */
async function turnsUntil(done: () => boolean, each = (): void => {}, rounds = 5_000): Promise<boolean> {
  for (let round = 0; round < rounds && !done(); round++) {
    each()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return done()
}

async function batchesOf(options: { batchRecords?: number } = {}): Promise<{ seen: number; leased: number }> {
  let [seen, leased] = [0, 0]
  for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail', lease: true, ...options })) {
    for (let index = 0; index < batch.length; index++) {
      if (batch.partitionKey(index) !== `k${seen}`) throw new Error(`record ${seen} has another key`)
      if (!payload(seen).equals(batch.data(index))) throw new Error(`record ${seen} has another payload`)
      seen += 1
    }
    if (batch.leased) leased += batch.length
  }
  return { seen, leased }
}

async function firstBatch(): Promise<{ batch: RecordBatch; end: () => Promise<unknown> }> {
  const reader = stream.readBatches({ from: 'oldest', until: 'tail', lease: true, batchRecords: 10 })
  const { value } = await reader.next()
  if (value === undefined) throw new Error('there is no batch')
  return { batch: value, end: () => reader.return() }
}

describe('a read with lease', () => {
  it('gives every record as it was stored, whatever the size of the batches', async () => {
    for (const options of [{}, { batchRecords: 1_000 }, { batchRecords: 7 }]) {
      expect((await batchesOf(options)).seen).toBe(records)
    }
  })

  it.runIf(lends)('copies only the segment that is still written', async () => {
    const { leased } = await batchesOf()
    expect(leased).toBeGreaterThan(records * 0.7)
    expect(leased).toBeLessThan(records)
  })

  it.runIf(lends)('leaves nothing mapped when it is over', async () => {
    await batchesOf()
    expect(await turnsUntil(() => leasedMappings() === 0)).toBe(true)
    const { end } = await firstBatch()
    expect(leasedMappings()).toBe(1)
    await end()
    expect(await turnsUntil(() => leasedMappings() === 0)).toBe(true)
  })

  it.runIf(lends)('maps a segment once, however many readers there are', async () => {
    const readers = await Promise.all([firstBatch(), firstBatch(), firstBatch()])
    expect(leasedMappings()).toBe(1)
    await readers[0]?.end()
    await readers[1]?.end()
    expect(leasedMappings()).toBe(1)
    expect(Buffer.from(readers[2]?.batch.data(0) ?? []).equals(payload(0))).toBe(true)
    await readers[2]?.end()
  })

  it.runIf(forbidden)('copies everything where memory cannot be lent', async () => {
    expect(await batchesOf()).toEqual({ seen: records, leased: 0 })
  })

  it('copies the records of a shard that has one segment', async () => {
    const small = await store.createStream('small')
    for (const text of ['a', 'b', 'c']) small.append('k', Buffer.from(text))
    const seen: string[] = []
    for await (const batch of small.readBatches({ from: 'oldest', until: 'tail', lease: true })) {
      expect(batch.leased).toBe(false)
      for (const record of batch) seen.push(Buffer.from(record.data).toString())
    }
    expect(seen).toEqual(['a', 'b', 'c'])
  })

  it('goes on with what is put while it runs', async () => {
    const ending = new AbortController()
    let seen = 0
    const reader = stream.readBatches({ from: 'oldest', lease: true, signal: ending.signal })
    for await (const batch of reader) {
      for (let index = 0; index < batch.length; index++, seen++) {
        expect(payload(seen).equals(batch.data(index))).toBe(true)
      }
      if (seen === records) {
        await stream.putBatch([{ partitionKey: `k${seen}`, data: payload(seen) }])
      } else if (seen > records) break
    }
    expect(seen).toBe(records + 1)
  })

  it('is as good in a store that is opened with readOnly', async () => {
    await using other = await open(folder, { readOnly: true })
    stream = other.stream('s')
    const { seen, leased } = await batchesOf()
    expect(seen).toBe(records)
    if (!lends) return
    expect(leased).toBeGreaterThan(records * 0.7)
    expect(await turnsUntil(() => leasedMappings() === 0)).toBe(true)
  })

  it('copies in memory', async () => {
    await using memory = await open('memory:')
    const other = await memory.createStream('m')
    for (let n = 0; n < 300; n++) await other.putBatch([{ partitionKey: 'k', data: Buffer.alloc(8_192, n) }])
    let seen = 0
    for await (const batch of other.readBatches({ from: 'oldest', until: 'tail', lease: true })) {
      expect(batch.leased).toBe(false)
      for (let index = 0; index < batch.length; index++) {
        expect(batch.data(index)[8_191]).toBe(seen++ & 255)
      }
    }
    expect(seen).toBe(300)
  })

  it('is refused together with reuse, and with anything but a boolean', () => {
    const invalid = expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' })
    expect(() => stream.readBatches({ from: 'oldest', lease: true, reuse: true })).toThrow(invalid)
    expect(() => stream.readBatches({ from: 'oldest', lease: 1 as unknown as boolean })).toThrow(invalid)
  })
})

describe('a batch of such a read', () => {
  it('is refused once the next one was asked for, by every way to its data', async () => {
    const reader = stream.readBatches({ from: 'oldest', until: 'tail', lease: true, batchRecords: 10 })
    const batch = (await reader.next()).value as RecordBatch
    const [early, late] = [batch.record(0), batch.record(1)]
    expect(Buffer.from(early.data).equals(payload(0))).toBe(true)
    expect(batch.released).toBe(false)
    await reader.next()
    expect(batch.released).toBe(true)
    const uses: (() => unknown)[] = [
      () => batch.data(0),
      () => batch.bytes(0),
      () => batch.partitionKey(0),
      () => batch.sequenceNumber(0),
      () => batch.arrivedAtMs(0),
      () => batch.explicitHashKey(0),
      () => batch.byteLength(0),
      () => batch.record(0),
      () => batch.lease(),
      () => early.data,
      () => late.data,
      () => late.bytes,
      () => late.toJSON(),
    ]
    for (const use of uses) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_RELEASED' }))
    }
    await reader.return()
  })

  it('stays valid while it is leased, also when the read and the store are over', async () => {
    const { batch, end } = await firstBatch()
    const lease = batch.lease()
    const second = batch.lease()
    await end()
    await store.close()
    expect(Buffer.from(batch.data(3)).equals(payload(3))).toBe(true)
    lease.release()
    lease.release()
    expect([lease.released, batch.released]).toEqual([true, false])
    expect(Buffer.from(batch.data(4)).equals(payload(4))).toBe(true)
    second[Symbol.dispose]()
    expect(batch.released).toBe(true)
    expect(() => batch.data(4)).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_RELEASED' }))
  })

  it('is released by `using`', async () => {
    const { batch, end } = await firstBatch()
    {
      using lease = batch.lease()
      await end()
      expect([lease.released, batch.released]).toEqual([false, false])
      expect(payload(6).equals(batch.data(6))).toBe(true)
    }
    expect(batch.released).toBe(true)
  })

  it('never turns what was taken from it into bytes of other records', async () => {
    const taken: Uint8Array[] = []
    for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail', lease: true })) {
      for (let index = 0; index < batch.length; index++) taken.push(batch.data(index))
      for (const [n, bytes] of taken.entries()) {
        if (bytes.length > 0 && !payload(n).equals(bytes)) throw new Error(`payload ${n} is another one`)
      }
    }
    expect(taken.map((bytes) => bytes.length)).toEqual(taken.map(() => 0))
  })

  it('of a read without lease has nothing to lease', async () => {
    const reader = stream.readBatches({ from: 'oldest', until: 'tail' })
    const batch = (await reader.next()).value as RecordBatch
    expect(batch.leased).toBe(false)
    expect(() => batch.lease()).toThrow(expect.objectContaining({ code: 'ERR_MILLRACE_UNSUPPORTED' }))
    await reader.return()
    expect(batch.released).toBe(false)
  })
})

describe.runIf(lends)('memory that was lent', () => {
  it('is empty, not garbage, once it was released', async () => {
    const { batch, end } = await firstBatch()
    const kept = batch.data(0)
    expect(kept.length).toBe(payloadBytes)
    await end()
    expect([kept.length, kept[0]]).toEqual([0, undefined])
    expect(await turnsUntil(() => leasedMappings() === 0)).toBe(true)
    expect(kept[0]).toBeUndefined()
  })

  it('can be written to, which neither ends the process nor reaches the log', async () => {
    const { batch, end } = await firstBatch()
    const whole = new Uint8Array(batch.data(0).buffer)
    whole.fill(0xff)
    expect(batch.data(7)[0]).toBe(0xff)
    // Whoever reads in this process meanwhile gets a copy of what is stored.
    expect((await batchesOf()).seen).toBe(records)
    await end()
    expect((await batchesOf()).seen).toBe(records)
    await store.close()
    expect(await damageIn(folder)).toEqual([])
  })

  it('cannot be given away to another thread', async () => {
    const { batch, end } = await firstBatch()
    const { buffer } = batch.data(0)
    try {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
    } catch (error) {
      expect(error).toMatchObject({ name: 'DataCloneError' }) // earlier versions of Node copy it instead
    }
    expect(payload(0).equals(batch.data(0))).toBe(true)
    await end()
  })

  it('outlives the file when its records expire', async () => {
    const clock = new ManualClock()
    folder = scratch.fresh()
    await using other = await open(folder, { clock })
    stream = await other.createStream('s')
    await stream.putBatch(
      Array.from({ length: records }, (_, n) => ({ partitionKey: 'k', data: payload(n) })),
    )
    const { batch, end } = await firstBatch()
    const lease = batch.lease()
    await end()
    const [first] = segmentFiles()
    await clock.advance(25 * 3_600_000)
    expect((await stream.stats()).recordsMax).toBe(0)
    expect(await turnsUntil(() => !segmentFiles().includes(first ?? ''))).toBe(true)
    expect(leasedMappings()).toBe(1)
    expect(payload(5).equals(batch.data(5))).toBe(true)
    lease.release()
    expect(batch.released).toBe(true)
  })

  it('outlives the file when its stream is deleted', async () => {
    const { batch, end } = await firstBatch()
    const lease = batch.lease()
    await end()
    await store.deleteStream('s')
    expect(await turnsUntil(() => segmentFiles().length === 0)).toBe(true)
    expect(leasedMappings()).toBe(1)
    expect(Buffer.from(batch.data(5)).equals(payload(5))).toBe(true)
    lease.release()
    expect(await turnsUntil(() => leasedMappings() === 0)).toBe(true)
  })

  it('is unmapped by the garbage collector if its lease is forgotten, with a warning', async () => {
    await (async () => {
      const { batch, end } = await firstBatch()
      batch.lease()
      await end()
    })()
    const collected = (): boolean => leasedMappings() === 0 && warnings.length > 0
    expect(await turnsUntil(collected, collectGarbage)).toBe(true)
    expect(warnings).toMatchObject([
      { code: 'lease-forgotten', details: { shardId: 'shardId-000000000000' } },
    ])
  })

  it('is not unmapped by the garbage collector while a payload of it is in use', async () => {
    const kept = await (async () => {
      const { batch } = await firstBatch()
      batch.lease()
      return batch.data(0)
    })()
    await turnsUntil(() => warnings.length > 0, collectGarbage)
    expect(leasedMappings()).toBe(1)
    expect(payload(0).equals(kept)).toBe(true)
  })

  it('that was released says nothing to anybody', async () => {
    const leases: BatchLease[] = []
    const { batch, end } = await firstBatch()
    leases.push(batch.lease())
    await end()
    leases.pop()?.release()
    await turnsUntil(() => false, collectGarbage, 20)
    expect(warnings).toEqual([])
  })

  it('behind the end of a file that somebody cut short is an error of the read, not of the process', async () => {
    const [first] = segmentFiles()
    truncateSync(first ?? '', 256 * 1024)
    damaged = true
    await expect(batchesOf()).rejects.toMatchObject({ code: expect.stringMatching(/_(CORRUPT|IO)$/) })
  })
})

function segmentFiles(): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const shard = names.filter((name) => name.endsWith('.seg') && !name.includes('meta')).toSorted()
  return shard.map((name) => join(folder, name))
}

/** What `millrace verify` finds. */
async function damageIn(path: string): Promise<readonly unknown[]> {
  return (await inspectStore(path, { everyByte: true })).findings
}
