/**
 * A log of the addon without the TypeScript around it: whatever is passed, it answers or throws, and the process
 * and the records that were there before are none the worse.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/errors.ts'
import { Column, noHashKey } from '../../src/log/log.ts'
import { type NativeEngine, type NativeShardLog, PageField } from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import {
  appendArguments,
  call,
  detached,
  noCounts,
  noFloat64s,
  noNumbers,
  noUint32s,
  noUint8s,
  readArguments,
  spoiled,
} from './hostile-values.ts'
import { outcomeOf } from './outcome.ts'

const refused = 'ERR_MILLRACE_INVALID_ARGUMENT'

let engine: NativeEngine
let log: NativeShardLog

beforeEach(() => {
  engine = addon.openMemory()
  log = engine.openLog(engine.newIdentity(0), 0)
})
afterEach(async () => {
  await log.close()
  await engine.close()
})

function readCount(): unknown {
  return call(log, 'read', readArguments())
}

describe('append', () => {
  it('refuses arguments of a wrong type or out of range, each by itself', async () => {
    const bad = [noUint8s, noUint32s, noUint32s, noCounts, noCounts, noNumbers, noFloat64s, noFloat64s]
    for (const args of spoiled(appendArguments, bad)) {
      expect([args, await outcomeOf(() => call(log, 'append', args))]).toEqual([
        args,
        'ERR_MILLRACE_INVALID_ARGUMENT',
      ])
    }
    expect(readCount()).toBe(0)
  })

  it.each([
    ['a selection that ends behind the order', 3, 1],
    ['a selection that starts behind the order', 3, 2],
    ['a count that would overflow with the start', 4, 2 ** 31 - 1],
  ])('refuses %s', async (_what, index, value) => {
    const args = appendArguments().with(3, 1).with(index, value)
    expect(await outcomeOf(() => call(log, 'append', args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it.each([
    ['the columns', 1, new Uint32Array(5)],
    ['the offsets', 6, new Float64Array(0)],
    ['the times', 7, new Float64Array(0)],
  ])('refuses an order that names a record outside of %s', async (_what, index, value) => {
    const args = appendArguments().with(index, value)
    expect(await outcomeOf(() => call(log, 'append', args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it.each([0, 1, 2, 6, 7])('refuses a detached array as argument %i', async (index) => {
    const args = appendArguments()
    args[index] = detached(new (Object(args[index]).constructor)(16) as Uint8Array)
    expect(await outcomeOf(() => call(log, 'append', args))).not.toBe('none')
    expect(readCount()).toBe(0)
  })

  it.each([
    ['a key that starts behind the bytes', Column.keyAt, 3],
    ['a key that ends behind the bytes', Column.keyBytes, 3],
    ['a key that is too long', Column.keyBytes, 0xffff_ffff],
    ['a payload that starts behind the bytes', Column.dataAt, 0xffff_ffff],
    ['a payload that ends behind the bytes', Column.dataBytes, 2],
    ['a payload without end', Column.dataBytes, 0xffff_ffff],
    ['a hash key that ends behind the bytes', Column.hashKeyAt, 0],
    ['a hash key that starts behind the bytes', Column.hashKeyAt, 0xffff_fffe],
  ])('stores nothing of a batch with %s', async (_what, column, value) => {
    const args = appendArguments()
    const columns = args[1] as Uint32Array
    columns[column] = value
    expect(errorCodes).toContain(await outcomeOf(() => call(log, 'append', args)))
    expect(readCount()).toBe(0)
  })

  it('takes the same record twice when the order says so', () => {
    expect(call(log, 'append', appendArguments().with(2, Uint32Array.of(0, 0)).with(4, 2))).toBe(2)
    expect(readCount()).toBe(2)
  })

  it('takes shared memory', () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(2))
    const columns = new Uint32Array(new SharedArrayBuffer(24))
    columns.set([0, 1, 1, 1, noHashKey, 0])
    const offsets = new Float64Array(new SharedArrayBuffer(8))
    const args = [
      bytes,
      columns,
      new Uint32Array(new SharedArrayBuffer(4)),
      0,
      1,
      1_000,
      offsets,
      new Float64Array(new SharedArrayBuffer(8)),
    ]
    expect(call(log, 'append', args)).toBe(1)
    expect(offsets[0]).toBe(1)
  })
})

describe.each(['read', 'readResident'])('%s', (read) => {
  it('refuses arguments of a wrong type, each by itself', async () => {
    const bad = [noNumbers, noNumbers, noNumbers, noUint8s, noUint32s, noFloat64s, noFloat64s, noFloat64s]
    for (const args of spoiled(readArguments, bad)) {
      expect([args, await outcomeOf(() => call(log, read, args))]).toEqual([
        args,
        'ERR_MILLRACE_INVALID_ARGUMENT',
      ])
    }
  })

  it('refuses a header without room for its fields', async () => {
    const args = readArguments().with(7, new Float64Array(PageField.count - 1))
    expect(await outcomeOf(() => call(log, read, args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it('writes no more records than the shortest column takes', () => {
    for (let count = 0; count < 5; count++) call(log, 'append', appendArguments())
    for (const index of [4, 5, 6]) {
      const short = index === 4 ? new Uint32Array(2 * Column.stride + 5) : new Float64Array(2)
      expect(call(log, read, readArguments().with(index, short))).toBe(2)
      expect(call(log, read, readArguments().with(index, short.subarray(0, 0)))).toBe(0)
    }
  })

  it.each([3, 4, 5, 6, 7])('survives a detached array as argument %i', async (index) => {
    call(log, 'append', appendArguments())
    const args = readArguments()
    detached(args[index] as Uint8Array)
    expect(['none', 'ERR_MILLRACE_INVALID_ARGUMENT']).toContain(await outcomeOf(() => call(log, read, args)))
  })

  it.each([-1, -(2 ** 60), 2 ** 53, 2 ** 63, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5])(
    'takes %d as position and as limit',
    async (number) => {
      call(log, 'append', appendArguments())
      for (const index of [0, 1, 2]) {
        expect(await outcomeOf(() => call(log, read, readArguments().with(index, number)))).toBe('none')
      }
    },
  )
})

function recordArguments(): unknown[] {
  return [1, new ArrayBuffer(1024), 0, true]
}

describe('readRecord', () => {
  it('refuses arguments of a wrong type, and places outside of the memory', async () => {
    call(log, 'append', appendArguments())
    expect(call(log, 'readRecord', recordArguments())).toBeGreaterThan(0)
    for (const memory of [
      undefined,
      {},
      new Uint8Array(8),
      new DataView(new ArrayBuffer(8)),
      new ArrayBuffer(8),
    ])
      expect(await outcomeOf(() => call(log, 'readRecord', recordArguments().with(1, memory)))).toBe(refused)
    for (const at of [-8, 1, 4, 1000, 1024, 2 ** 31, 2 ** 53, Number.NaN, '0'])
      expect(await outcomeOf(() => call(log, 'readRecord', recordArguments().with(2, at)))).toBe(refused)
    for (const wait of [undefined, 0, 'true'])
      expect(await outcomeOf(() => call(log, 'readRecord', recordArguments().with(3, wait)))).toBe(refused)
    for (const offset of noNumbers)
      expect(await outcomeOf(() => call(log, 'readRecord', recordArguments().with(0, offset)))).toBe(refused)
  })

  it('refuses memory that is gone', async () => {
    call(log, 'append', appendArguments())
    const memory = new Uint8Array(1024)
    const { buffer } = memory
    detached(memory)
    expect(await outcomeOf(() => call(log, 'readRecord', recordArguments().with(1, buffer)))).toBe(refused)
  })
})

describe('the other calls of a log', () => {
  it.each(['seek', 'trim', 'seal'])('%s refuses what is no number', async (method) => {
    for (const value of noNumbers) {
      expect(await outcomeOf(() => call(log, method, [value]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
  })

  it.each(['seek', 'trim'])('%s takes any number', async (method) => {
    call(log, 'append', appendArguments())
    for (const value of [-1, 0.5, -(2 ** 63), 2 ** 63, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(await outcomeOf(() => call(log, method, [value]))).toBe('none')
    }
  })

  it('stats refuses an array that is too short', async () => {
    for (const value of [...noFloat64s, new Float64Array(8), detached(new Float64Array(9))]) {
      expect(await outcomeOf(() => call(log, 'stats', [value]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
  })
})
