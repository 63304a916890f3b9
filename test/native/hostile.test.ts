/**
 * The addon without the TypeScript around it: whatever is passed, it answers or throws, and the process and
 * the records that were there before are none the worse.
 */
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/errors.ts'
import { Column, noHashKey } from '../../src/log/log.ts'
import { type NativeEngine, type NativeShardLog, PageField } from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import { outcomeOf } from './outcome.ts'

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

const id = '0123456789abcdef0123456789abcdef'

function detached<T extends ArrayBufferView>(view: T): T {
  structuredClone(view.buffer, { transfer: [view.buffer as ArrayBuffer] })
  return view
}

/** A call of a native method as a hostile caller writes it. */
function call(target: object, method: string, args: readonly unknown[]): unknown {
  return (Reflect.get(target, method) as (...values: readonly unknown[]) => unknown).apply(target, [...args])
}

/** Valid arguments of `append` for one record of two bytes. */
function appendArguments(): unknown[] {
  const columns = Uint32Array.of(0, 1, 1, 1, noHashKey, 0)
  return [
    Buffer.from('kd'),
    columns,
    Uint32Array.of(0),
    0,
    1,
    1_000,
    new Float64Array(1),
    new Float64Array(1),
  ]
}

function appendOneArguments(): unknown[] {
  return [Buffer.from('kd'), 0, 1, 1, 1, noHashKey, 0, 1_000]
}

function readArguments(): unknown[] {
  const header = new Float64Array(PageField.count)
  const columns = new Uint32Array(10 * Column.stride)
  return [1, 1_000, 10, new Uint8Array(1_000), columns, new Float64Array(10), new Float64Array(10), header]
}

function readCount(): unknown {
  return call(log, 'read', readArguments())
}

function routeArguments(): unknown[] {
  return [Buffer.from('k'), Uint32Array.of(0, 1, 0, 0, noHashKey, 0), 1, new Uint32Array(1)]
}

const noNumbers: readonly unknown[] = [Number.NaN, '1', 1n, null, undefined, {}, Symbol('one'), [1]]
const noCounts: readonly unknown[] = [...noNumbers, -1, 0.5, 2 ** 32, 2 ** 53, Number.POSITIVE_INFINITY]
const noArrays: readonly unknown[] = [
  undefined,
  null,
  1,
  'text',
  {},
  [1, 2],
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
]
const noUint32s: readonly unknown[] = [
  ...noArrays,
  new Uint8Array(64),
  new Int32Array(64),
  new Float64Array(64),
]
const noFloat64s: readonly unknown[] = [
  ...noArrays,
  new Uint8Array(64),
  new Float32Array(64),
  new BigUint64Array(64),
]
const noUint8s: readonly unknown[] = [
  ...noArrays,
  new Uint8ClampedArray(64),
  new Int8Array(64),
  new Uint16Array(64),
]

/** Each argument replaced in turn, and every tail of the arguments left out. */
function spoiled(valid: () => unknown[], bad: readonly (readonly unknown[])[]): unknown[][] {
  const replaced = bad.flatMap((values, index) => values.map((value) => valid().with(index, value)))
  const short = valid().map((_, length) => valid().slice(0, length))
  return [...replaced, ...short]
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

describe('appendOne', () => {
  it('refuses arguments of a wrong type or out of range, each by itself', async () => {
    const bad = [noUint8s, noCounts, noCounts, noCounts, noCounts, noCounts, noCounts, noNumbers]
    for (const args of spoiled(appendOneArguments, bad)) {
      expect(await outcomeOf(() => call(log, 'appendOne', args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
    expect(readCount()).toBe(0)
    expect(call(log, 'appendOne', appendOneArguments())).toBe(1)
  })

  it('stores nothing that lies outside of the bytes', async () => {
    for (const [index, value] of [
      [1, 2],
      [2, 3],
      [3, 0xffff_ffff],
      [4, 2],
      [5, 0],
      [5, 0xffff_fffe],
    ] as const) {
      expect(errorCodes).toContain(
        await outcomeOf(() => call(log, 'appendOne', appendOneArguments().with(index, value))),
      )
    }
    expect(errorCodes).toContain(
      await outcomeOf(() =>
        call(log, 'appendOne', appendOneArguments().with(0, detached(new Uint8Array(2)))),
      ),
    )
    expect(readCount()).toBe(0)
  })
})

describe('read', () => {
  it('refuses arguments of a wrong type, each by itself', async () => {
    const bad = [noNumbers, noNumbers, noNumbers, noUint8s, noUint32s, noFloat64s, noFloat64s, noFloat64s]
    for (const args of spoiled(readArguments, bad)) {
      expect([args, await outcomeOf(() => call(log, 'read', args))]).toEqual([
        args,
        'ERR_MILLRACE_INVALID_ARGUMENT',
      ])
    }
  })

  it('refuses a header without room for its fields', async () => {
    const args = readArguments().with(7, new Float64Array(PageField.count - 1))
    expect(await outcomeOf(() => call(log, 'read', args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it('writes no more records than the shortest column takes', () => {
    for (let count = 0; count < 5; count++) call(log, 'append', appendArguments())
    for (const index of [4, 5, 6]) {
      const short = index === 4 ? new Uint32Array(2 * Column.stride + 5) : new Float64Array(2)
      expect(call(log, 'read', readArguments().with(index, short))).toBe(2)
      expect(call(log, 'read', readArguments().with(index, short.subarray(0, 0)))).toBe(0)
    }
  })

  it.each([3, 4, 5, 6, 7])('survives a detached array as argument %i', async (index) => {
    call(log, 'append', appendArguments())
    const args = readArguments()
    detached(args[index] as Uint8Array)
    expect(['none', 'ERR_MILLRACE_INVALID_ARGUMENT']).toContain(
      await outcomeOf(() => call(log, 'read', args)),
    )
  })

  it.each([-1, -(2 ** 60), 2 ** 53, 2 ** 63, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5])(
    'takes %d as position and as limit',
    async (number) => {
      call(log, 'append', appendArguments())
      for (const index of [0, 1, 2]) {
        expect(await outcomeOf(() => call(log, 'read', readArguments().with(index, number)))).toBe('none')
      }
    },
  )
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

describe('the engine', () => {
  const noIds: readonly unknown[] = [
    ...noNumbers,
    '',
    id.slice(1),
    `${id}0`,
    id.toUpperCase(),
    `${id.slice(1)}/`,
    '../../../../../../etc/passwd00000',
    `${id.slice(1)}\0`,
    '\u{1F30A}'.repeat(8),
    'x'.repeat(1_000_000),
  ]

  it('opens and drops no log by a name that is none', async () => {
    for (const method of ['openLog', 'drop']) {
      for (const name of noIds) {
        expect(await outcomeOf(() => call(engine, method, [name, 0]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
      }
      for (const shard of noCounts) {
        expect(await outcomeOf(() => call(engine, method, [id, shard]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
      }
    }
  })

  it('sweeps only by a list of names', async () => {
    for (const list of [
      ...noNumbers.slice(0, -1),
      'text',
      [1],
      [id, 'x'],
      [[id]],
      Array.from({ length: 3 }),
    ]) {
      expect([list, await outcomeOf(() => call(engine, 'sweep', [list]))]).toEqual([
        list,
        'ERR_MILLRACE_INVALID_ARGUMENT',
      ])
    }
    const throwing = new Proxy([id], {
      get: (target, key) => {
        if (key === '0') throw new Error('no element')
        return Reflect.get(target, key)
      },
    })
    expect(await outcomeOf(() => call(engine, 'sweep', [throwing]))).not.toBe('none')
  })

  it('opens no folder by a path that is none', async () => {
    for (const path of [
      ...noNumbers.filter((value) => typeof value !== 'string'),
      '',
      'a\0b',
      'x'.repeat(5_000),
    ]) {
      expect(await outcomeOf(() => call(addon, 'openFolder', [path, true]))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    }
    for (const sync of [undefined, null, 1, 'true']) {
      expect(await outcomeOf(() => call(addon, 'openFolder', ['.', sync]))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    }
  })

  it('opens a log, and the metadata, once at a time', async () => {
    const first = engine.openLog(id, 0)
    expect(await outcomeOf(() => engine.openLog(id, 0))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(await outcomeOf(() => engine.openLog(id, 1))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(await outcomeOf(() => engine.drop(id, 0))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    await first.close()
    const meta = engine.openMeta()
    expect(await outcomeOf(() => engine.openMeta())).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    await meta.close()
    await engine.openLog(id, 0).close()
  })

  it('is not closed before its logs', async () => {
    expect(await outcomeOf(() => engine.close())).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(call(log, 'append', appendArguments())).toBe(1)
  })
})

describe('the router', () => {
  const starts = Buffer.alloc(32).fill(0x80, 16)
  it('is made of whole starts that ascend from 0', async () => {
    const descending = Buffer.concat([starts, starts.subarray(0, 16)])
    const twice = Buffer.concat([starts, starts.subarray(16)])
    for (const bad of [
      ...noUint8s,
      Buffer.alloc(0),
      Buffer.alloc(15),
      Buffer.alloc(17),
      starts.subarray(16),
      descending,
      twice,
    ]) {
      expect(await outcomeOf(() => call(addon, 'createRouter', [bad]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
  })

  it('refuses arguments of a wrong type or out of range, each by itself', async () => {
    const router = addon.createRouter(starts)
    const bad = [noUint8s, noUint32s, [...noCounts, 2], noUint32s]
    for (const args of spoiled(routeArguments, bad)) {
      expect(await outcomeOf(() => call(router, 'route', args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
  })

  it.each([
    [Column.keyAt, 2],
    [Column.keyBytes, 2],
    [Column.keyBytes, 0xffff_ffff],
    [Column.hashKeyAt, 0],
    [Column.hashKeyAt, 0xffff_fff0],
  ])('reads no key outside of the bytes (column %i is %i)', async (column, value) => {
    const args = routeArguments()
    const columns = args[1] as Uint32Array
    columns[column] = value
    const router = addon.createRouter(starts)
    expect(await outcomeOf(() => call(router, 'route', args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })
})

describe('receivers', () => {
  it('runs no method on an object of another class', async () => {
    const router = addon.createRouter(Buffer.alloc(16))
    const objects = [engine, log, router]
    for (const owner of objects) {
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(owner)).filter(
        (name) => name !== 'constructor',
      )
      expect(methods.length).toBeGreaterThan(0)
      for (const method of methods) {
        const strangers = [
          ...objects.filter((other) => other !== owner),
          {},
          Object.create(owner),
          null,
          1,
          new Proxy(owner, {}),
        ]
        for (const stranger of strangers) {
          const borrowed = Reflect.get(owner, method) as () => unknown
          expect(await outcomeOf(() => borrowed.call(stranger))).toBe('TypeError')
        }
      }
    }
  })

  it('runs no method on an instance that JavaScript made', async () => {
    for (const owner of [engine, log, addon.createRouter(Buffer.alloc(16))]) {
      const hollow = Reflect.construct(owner.constructor, []) as object
      for (const method of Object.getOwnPropertyNames(Object.getPrototypeOf(owner))) {
        if (method === 'constructor') continue
        expect([method, await outcomeOf(() => call(hollow, method, []))]).toEqual([
          method,
          'ERR_MILLRACE_CLOSED',
        ])
      }
    }
  })
})

describe('anything at all', () => {
  const anything: fc.Arbitrary<unknown> = fc.oneof(
    fc.constantFrom(...noNumbers, ...noCounts, ...noArrays),
    fc.double(),
    fc.integer({ min: 0, max: 20 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.uint32Array({ maxLength: 40 }),
    fc.uint32Array({ maxLength: 40, max: 20 }),
    fc.float64Array({ maxLength: 40 }),
    fc.string(),
    fc.constantFrom(id, id.replace('0', '1')),
    fc.boolean(),
    fc.constant(true).map(() => detached(new Uint32Array(8))),
  )

  it('is answered or refused by a known code', { timeout: 60_000 }, async () => {
    const router = addon.createRouter(Buffer.alloc(16))
    const targets: readonly (readonly [object, string])[] = [
      ...['append', 'append', 'append', 'appendOne', 'read', 'read', 'seek', 'trim', 'stats', 'flush'].map(
        (method) => [log, method] as const,
      ),
      ...['newIdentity', 'drop', 'sweep'].map((method) => [engine, method] as const),
      [router, 'route'],
      [addon, 'createRouter'],
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...targets),
        fc.array(anything, { maxLength: 9 }),
        async ([target, method], args) => {
          expect(['none', ...errorCodes]).toContain(await outcomeOf(() => call(target, method, args)))
        },
      ),
      { numRuns: 5_000 },
    )
  })
})
