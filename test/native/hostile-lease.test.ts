/** Leases of the addon, without the TypeScript around them: whatever is passed, the process is none the worse. */
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NativeEngine, NativeLease, NativeShardLog } from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import { call, noArrays, noFloat64s, noNumbers, noUint32s, readArguments, spoiled } from './hostile-values.ts'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import { appendTo } from './programs/store.mjs'
import { outcomeOf } from './outcome.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

let engine: NativeEngine
let log: NativeShardLog
let lease: NativeLease

beforeEach(async () => {
  engine = await addon.openFolder(scratch.fresh(), false)
  log = engine.openLog('0123456789abcdef0123456789abcdef', 0)
  const stats = new Float64Array(9)
  for (let segments = 0; segments < 2; segments = stats[5] as number) {
    appendTo(log, 2_000)
    log.stats(stats)
  }
  const lent = log.lease(1)
  if (lent === null) throw new Error('nothing is lent')
  lease = lent
})
afterEach(async () => {
  await log.close()
  await engine.close()
})

function leasedArguments(): unknown[] {
  return readArguments().with(3, lease)
}

describe.runIf(process.platform === 'linux')('a lease', () => {
  it('is read by arrays and numbers only', async () => {
    expect(call(log, 'readLeased', leasedArguments())).toBeGreaterThan(0)
    const bad = [noNumbers, noNumbers, noNumbers, noArrays, noUint32s, noFloat64s, noFloat64s, noFloat64s]
    for (const args of spoiled(leasedArguments, bad)) {
      expect([args, await outcomeOf(() => call(log, 'readLeased', args))]).toEqual([
        args,
        'ERR_MILLRACE_INVALID_ARGUMENT',
      ])
    }
  })

  it('is given for any number, and for nothing else', async () => {
    for (const value of noNumbers) {
      expect(await outcomeOf(() => call(log, 'lease', [value]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
    for (const value of [-1, 0, 0.5, 2 ** 53, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(await outcomeOf(() => call(log, 'lease', [value]))).toBe('none')
    }
  })

  it('has nothing left once it is released, however often', async () => {
    const buffer = lease.buffer()
    expect(buffer.byteLength).toBeGreaterThan(100_000)
    lease.release()
    lease.release()
    expect(buffer.byteLength).toBe(0)
    expect([lease.buffer(), lease.first(), lease.next()]).toEqual([undefined, undefined, undefined])
    expect(await outcomeOf(() => call(log, 'readLeased', leasedArguments()))).toBe(
      'ERR_MILLRACE_INVALID_ARGUMENT',
    )
  })

  it('that somebody made up is none', async () => {
    const hollow: unknown = Reflect.construct(lease.constructor as new () => unknown, [])
    for (const value of [
      hollow,
      Object.create(lease),
      Object.create(Object.getPrototypeOf(lease) as object),
    ]) {
      expect(await outcomeOf(() => call(log, 'readLeased', leasedArguments().with(3, value)))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    }
    expect(() => Reflect.apply(lease.buffer, log, [])).toThrow(TypeError)
  })

  it('of another log is refused', async () => {
    const other = engine.openLog('fedcba9876543210fedcba9876543210', 0)
    appendTo(other, 10)
    expect(await outcomeOf(() => call(other, 'readLeased', leasedArguments()))).not.toBe('none')
    await other.close()
  })

  it('outlives its log', async () => {
    await log.close()
    expect(new Uint8Array(lease.buffer()).length).toBeGreaterThan(100_000)
    lease.release()
    log = engine.openLog('0123456789abcdef0123456789abcdef', 0)
  })
})
