/**
 * The rest of the addon without the TypeScript around it: whatever is passed, it answers or throws, and the process
 * and the records that were there before are none the worse.
 */
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/errors.ts'
import { Column, noHashKey } from '../../src/log/log.ts'
import type { NativeEngine, NativeShardLog } from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import {
  appendArguments,
  call,
  detached,
  directAppenderArguments,
  noArrays,
  noCounts,
  noNumbers,
  noUint32s,
  noUint8s,
  spoiled,
} from './hostile-values.ts'
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

function routeArguments(): unknown[] {
  return [Buffer.from('k'), Uint32Array.of(0, 1, 0, 0, noHashKey, 0), 1, new Uint32Array(1)]
}

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

  it('opens an image in memory only if it is one', async () => {
    for (const value of [null, 7, 'image', {}, engine, Object.create(Object.getPrototypeOf(engine.image()))])
      expect(() => addon.openMemory(value as never)).toThrow('openMemory takes an image')
    await addon.openMemory(engine.image()).close()
  })

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

  const folderCalls = ['openFolder', 'inspectFolder', 'verifyFolder', 'readMetadata']
  it.each(folderCalls)('does not %s by a path that is none', async (method) => {
    for (const path of [
      ...noNumbers.filter((value) => typeof value !== 'string'),
      '',
      'a\0b',
      'x'.repeat(5_000),
    ]) {
      const rest = method === 'readMetadata' ? [0, 1] : [true]
      expect(await outcomeOf(() => call(addon, method, [path, ...rest]))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    }
  })

  it('refuses flags, offsets and limits that are none', async () => {
    for (const flag of [undefined, null, 1, 'true']) {
      expect(await outcomeOf(() => call(addon, 'openFolder', ['.', flag]))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    }
    for (const count of [...noNumbers, -1, 1.5]) {
      for (const args of [
        ['.', count, 1],
        ['.', 0, count],
      ]) {
        expect(await outcomeOf(() => call(addon, 'readMetadata', args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
      }
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
    const direct = addon.createDirectAppender(...directAppenderArguments())
    direct.serve(0, log)
    const targets: readonly (readonly [object, string])[] = [
      ...[
        'append',
        'append',
        'append',
        'read',
        'readResident',
        'readRecord',
        'load',
        'seek',
        'trim',
        'stats',
        'flush',
      ].map((method) => [log, method] as const),
      ...['newIdentity', 'drop', 'sweep'].map((method) => [engine, method] as const),
      [router, 'route'],
      [direct, 'append'],
      [direct, 'append'],
      [direct, 'serve'],
      [addon, 'createRouter'],
      [addon, 'createDirectAppender'],
      [addon, 'inspectFolder'],
      [addon, 'readMetadata'],
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
