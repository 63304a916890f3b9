/**
 * The addon's part that only reads, without the TypeScript around it: whatever is passed, it answers or throws, and the
 * process is none the worse.
 */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  NativeEngine,
  NativeLogFollower,
  NativeShardLog,
  NativeStoreReader,
} from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import {
  appendArguments,
  call,
  noArrays,
  noFloat64s,
  noNumbers,
  noUint32s,
  noUint8s,
  readArguments,
  spoiled,
} from './hostile-values.ts'
import { outcomeOf } from './outcome.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

const id = '0123456789abcdef0123456789abcdef'

let engine: NativeEngine
let log: NativeShardLog
let reader: NativeStoreReader
let follower: NativeLogFollower

beforeEach(async () => {
  const folder = scratch.fresh()
  engine = await addon.openFolder(folder, false)
  log = engine.openLog(id, 0)
  call(log, 'append', appendArguments())
  reader = await addon.openReader(folder)
  follower = reader.openLog(id, 0)
})
afterEach(async () => {
  await log.close()
  await engine.close()
})

/** The next call of the watched log's function. */
function nextCall(arm: (grown: () => void) => void): Promise<void> {
  return new Promise((resolve) => arm(resolve))
}

describe('a store that is only read', () => {
  it('is opened by a path, and opens logs by names, only', async () => {
    for (const value of [...noArrays, 'a\0b', '']) {
      expect(['ERR_MILLRACE_INVALID_ARGUMENT', 'ERR_MILLRACE_NOT_A_STORE']).toContain(
        await outcomeOf(() => call(addon, 'openReader', [value])),
      )
    }
    for (const value of [...noNumbers, '', id.slice(1), `${id.slice(1)}/`]) {
      expect(await outcomeOf(() => call(reader, 'openLog', [value, 0]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
  })

  it('runs no method on an object of another class, on a hollow one, or after close', async () => {
    const objects = [reader, follower, log, engine]
    for (const owner of [reader, follower]) {
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(owner)).filter(
        (name) => name !== 'constructor',
      )
      for (const method of methods) {
        const borrowed = Reflect.get(owner, method) as () => unknown
        for (const stranger of [...objects.filter((other) => other !== owner), {}, null]) {
          expect(await outcomeOf(() => borrowed.call(stranger))).toBe('TypeError')
        }
      }
      await owner.close()
      const hollow = Reflect.construct(owner.constructor, []) as object
      for (const target of [owner, hollow]) {
        for (const method of methods.filter((name) => name !== 'unwatch')) {
          expect([method, await outcomeOf(() => call(target, method, []))]).toEqual([
            method,
            'ERR_MILLRACE_CLOSED',
          ])
        }
      }
    }
  })
})

describe('a log that is only read', () => {
  it('refuses arguments of a wrong type, each by itself', async () => {
    const bad = [noNumbers, noNumbers, noNumbers, noUint8s, noUint32s, noFloat64s, noFloat64s, noFloat64s]
    for (const args of spoiled(readArguments, bad)) {
      for (const read of ['read', 'readResident'])
        expect(await outcomeOf(() => call(follower, read, args))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
    for (const value of noNumbers) {
      expect(await outcomeOf(() => call(follower, 'seek', [value]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
    for (const value of noArrays) {
      expect(await outcomeOf(() => call(follower, 'watch', [value, true]))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
      expect(await outcomeOf(() => call(follower, 'watch', [() => {}, value]))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
      expect(await outcomeOf(() => call(follower, 'stats', [value]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
  })

  it('calls once for each time it was told to, the last function that it was given', async () => {
    const calls: string[] = []
    call(follower, 'read', readArguments())
    follower.watch(() => calls.push('replaced'), false)
    const grown = nextCall((resolve) => follower.watch(resolve, true))
    call(log, 'append', appendArguments())
    await grown
    call(log, 'append', appendArguments())
    expect(follower.watch(() => calls.push('too late'), false)).toBe(false)
    call(follower, 'read', readArguments())
    await nextCall((resolve) => {
      follower.watch(resolve, true)
      call(log, 'append', appendArguments())
    })
    expect(calls).toEqual([])
  })

  it('calls nobody after unwatch and close', async () => {
    const calls: string[] = []
    const other = reader.openLog(id, 0)
    call(follower, 'read', readArguments())
    call(other, 'read', readArguments())
    follower.watch(() => calls.push('unwatched'), false)
    follower.unwatch()
    const grown = nextCall((resolve) => other.watch(resolve, true))
    call(log, 'append', appendArguments())
    await grown
    call(follower, 'read', readArguments())
    follower.watch(() => calls.push('closed'), false)
    follower.close()
    call(other, 'read', readArguments())
    await nextCall((resolve) => {
      other.watch(resolve, true)
      call(log, 'append', appendArguments())
    })
    expect(calls).toEqual([])
  })
})
