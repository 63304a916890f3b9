import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { MillraceError } from '../../src/errors.ts'
import type { LogEngine, Slot } from '../../src/log/log.ts'
import { type NativeEngineOptions, type NativeTarget, openNativeEngine } from '../../src/log/native.ts'
import { ReadBlock } from '../../src/log/read-block.ts'
import { answersFor, batchOf } from '../model/batch.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'

const scratch = new ScratchFolder()
const engines: LogEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
})
afterAll(() => scratch.remove())

async function opened(target: NativeTarget, options: Partial<NativeEngineOptions> = {}): Promise<LogEngine> {
  const engine = await openNativeEngine(target, {
    durability: { mode: 'process' },
    clock: systemClock,
    ...options,
  })
  engines.push(engine)
  return engine
}

async function failureOf(call: () => unknown): Promise<MillraceError> {
  try {
    await call()
  } catch (error) {
    if (error instanceof MillraceError) return error
    throw error
  }
  throw new Error('it worked')
}

async function logOf(engine: LogEngine): Promise<Awaited<ReturnType<LogEngine['open']>>> {
  return engine.open((await engine.create('clicks', 1, 1))[0] ?? { kind: 'none' })
}

describe('opening', () => {
  it('says what a store survives', async () => {
    const inFolder = await opened({ kind: 'folder', path: scratch.fresh() })
    const unsynced = await opened({ kind: 'folder', path: scratch.fresh() }, { durability: { mode: 'none' } })
    const inMemory = await opened({ kind: 'memory' })
    expect([inFolder, unsynced, inMemory].map(({ caps }) => caps.durability)).toEqual([
      'process',
      'memory',
      'memory',
    ])
    expect(inFolder.caps).toMatchObject({ maxRecordBytes: 10 * 1024 * 1024 + 1024, synchronous: true })
  })

  it('refuses a folder that is open already, and takes it when it is closed', async () => {
    const target = { kind: 'folder', path: scratch.fresh() } as const
    const first = await opened(target)
    expect((await failureOf(() => opened(target))).code).toBe('ERR_MILLRACE_STORE_BUSY')
    await first.close()
    await opened(target)
  })

  it('refuses a folder of something else and leaves it alone', async () => {
    const path = scratch.fresh()
    mkdirSync(path)
    writeFileSync(join(path, 'letter.txt'), 'Dear store')
    const error = await failureOf(() => opened({ kind: 'folder', path }))
    expect(error.code).toBe('ERR_MILLRACE_NOT_A_STORE')
    expect(error.message).toContain(path)
  })

  it('refuses a file', async () => {
    const path = scratch.fresh()
    writeFileSync(path, 'Dear store')
    const error = await failureOf(() => opened({ kind: 'folder', path }))
    expect(error).toMatchObject({
      code: 'ERR_MILLRACE_NOT_A_STORE',
      message: `${path}: is no folder, or lies in none`,
    })
  })

  it('refuses a folder whose parent is not there', async () => {
    const path = join(scratch.fresh(), 'child')
    const error = await failureOf(() => opened({ kind: 'folder', path }))
    expect(error).toMatchObject({
      code: 'ERR_MILLRACE_NOT_A_STORE',
      message: `${path}: lies in a folder that does not exist, which open does not make`,
    })
  })

  it('tells the errno of a failed system call, as a number and by name', async () => {
    const path = join(scratch.path, 'x'.repeat(300))
    const error = await failureOf(() => opened({ kind: 'folder', path }))
    expect(error.code).toBe('ERR_MILLRACE_IO')
    expect(error.details).toEqual({ errno: 36, errnoName: 'ENAMETOOLONG' })
  })

  it('keeps memory stores apart', async () => {
    const [one, two] = [await opened({ kind: 'memory' }), await opened({ kind: 'memory' })]
    const meta = await one.openMeta()
    const batch = batchOf([{ data: 'command' }], 1)
    await meta.append(batch, answersFor(batch))
    expect((await (await two.openMeta()).stats()).next).toBe(1)
  })
})

describe('slots', () => {
  it('are plain data: kind, folder name and shard', async () => {
    const engine = await opened({ kind: 'memory' })
    const slots = await engine.create('clicks', 2, 1)
    const expected = [0, 1].map((shard) => ({
      kind: 'native',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      shard,
    }))
    expect(slots).toEqual(expected)
  })

  const id = 'ab'.repeat(16)
  it.each<Slot>([
    { kind: 'model', id, shard: 0 },
    { kind: 'native', shard: 0 },
    { kind: 'native', id: '../'.repeat(11).slice(0, 32), shard: 0 },
    { kind: 'native', id: id.toUpperCase(), shard: 0 },
    { kind: 'native', id },
    { kind: 'native', id, shard: -1 },
    { kind: 'native', id, shard: 0.5 },
    { kind: 'native', id, shard: 2 ** 32 },
    { kind: 'native', id, shard: '0' },
  ])('of another shape are refused: %j', async (slot) => {
    const engine = await opened({ kind: 'memory' })
    for (const call of [
      () => engine.open(slot),
      () => engine.drop('clicks', [slot]),
      () => engine.sweep([slot]),
    ]) {
      expect((await failureOf(call)).code).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
  })
})

describe('a log', () => {
  it('answers one record and many alike', async () => {
    const log = await logOf(await opened({ kind: 'memory' }))
    const many = batchOf([{ data: 'a' }, { data: 'b' }, { data: 'c' }], 1_000)
    const answers = answersFor(many)
    // The first call cannot know what time the log ended at; the second does; the third's clock went back.
    for (const [from, timeMs] of [
      [2, 1_000],
      [0, 1_005],
      [1, 900],
    ] as const) {
      expect(await log.append({ ...many, from, count: 1, timeMs }, answers)).toBe(1)
    }
    expect([...answers.offsets]).toEqual([2, 3, 1])
    expect([...answers.timesMs]).toEqual([1_005, 1_005, 1_000])
    const block = new ReadBlock(1_024, 10)
    expect(await log.read(1, 1_024, 10, block)).toBe(3)
    expect([...block.timesMs.subarray(0, 3)]).toEqual([1_000, 1_005, 1_005])
  })

  it('clamps the first single record of an opened log to what is there', async () => {
    const engine = await opened({ kind: 'memory' })
    const [slot] = await engine.create('clicks', 1, 1)
    const first = await engine.open(slot ?? { kind: 'none' })
    const batch = batchOf([{ data: 'a' }], 5_000)
    await first.append(batch, answersFor(batch))
    await first.close()
    const answers = answersFor(batch)
    const again = await engine.open(slot ?? { kind: 'none' })
    expect(await again.append({ ...batch, timeMs: 4_000 }, answers)).toBe(1)
    expect(answers.timesMs[0]).toBe(5_000)
  })

  it('stores no more than its share of a batch in one call', async () => {
    const engine = await opened({ kind: 'memory' })
    const log = await logOf(engine)
    const { maxBatchRecords } = engine.caps
    const batch = batchOf([{ data: 'a' }], 1_000, {
      order: Array.from({ length: maxBatchRecords + 1 }, () => 0),
    })
    expect(await log.append(batch, answersFor(batch))).toBe(maxBatchRecords)
  })

  it('grows a small block to what the caller asks for and its frames, a large one not at all', async () => {
    const log = await logOf(await opened({ kind: 'memory' }))
    const batch = batchOf(
      Array.from({ length: 1_000 }, () => ({ data: Buffer.alloc(500) })),
      1_000,
    )
    await log.append(batch, answersFor(batch))
    const small = new ReadBlock(2_000, 1_000)
    await log.read(1, 600, 1_000, small)
    expect(small.bytes.length).toBeLessThanOrEqual(600 + 4_096)
    const greedy = new ReadBlock(256, 1_000)
    await log.read(1, Number.POSITIVE_INFINITY, 1_000, greedy)
    expect(greedy.bytes.length).toBe(65_536)
    const large = new ReadBlock(100_000, 1_000)
    expect(await log.read(1, 1_000_000, 1_000, large)).toBeLessThan(200)
    expect(large.bytes.length).toBe(100_000)
  })

  it('sets no timer unless somebody waits', async () => {
    const clock = new ManualClock()
    const log = await logOf(await opened({ kind: 'memory' }, { clock }))
    expect(await log.wait(1, 0)).toBe(false)
    const waiting = log.wait(1, 1_000)
    expect(clock.pending).toBe(1)
    await log.seal()
    expect([await waiting, clock.pending]).toEqual([true, 0])
  })

  it('refuses to wait for a time that is none', async () => {
    const log = await logOf(await opened({ kind: 'memory' }))
    expect((await failureOf(() => log.wait(1, Number.NaN))).code).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })
})
