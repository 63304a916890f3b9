/** A direct appender without the TypeScript around it, as `hostile-log.test.ts` does it with logs. */
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Column, Refusal } from '../../src/log/log.ts'
import {
  elsewhere,
  type NativeDirectAppender,
  type NativeEngine,
  type NativeShardLog,
  PageField,
} from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import {
  call,
  detached,
  directAppenderArguments,
  directArguments,
  noCounts,
  noFloat64s,
  noNumbers,
  noUint8s,
  readArguments,
} from './hostile-values.ts'
import { outcomeOf } from './outcome.ts'
import { ScratchFolder } from './scratch-folder.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let engine: NativeEngine
let log: NativeShardLog
let direct: NativeDirectAppender
let answer: Float64Array

beforeEach(() => {
  engine = addon.openMemory()
  log = engine.openLog(engine.newIdentity(0), 0)
  const args = directAppenderArguments()
  answer = args[1]
  direct = addon.createDirectAppender(...args)
  direct.serve(0, log)
  direct.serve(1, log)
})
afterEach(async () => {
  await log.close()
  await engine.close()
})

function readCount(): unknown {
  return call(log, 'read', readArguments())
}

async function madeWith(...args: readonly unknown[]): Promise<unknown> {
  return outcomeOf(() => call(addon, 'createDirectAppender', args))
}

describe('createDirectAppender', () => {
  it('takes starts that ascend from 0, and memory that threads share', async () => {
    const [starts, shared] = directAppenderArguments()
    for (const bad of [...noUint8s, Buffer.alloc(0), Buffer.alloc(15), starts.subarray(16)])
      expect(await madeWith(bad, shared)).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    const one = new Float64Array(new SharedArrayBuffer(8))
    for (const bad of [...noFloat64s, new Float64Array(2), one])
      expect(await madeWith(starts, bad)).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })
})

describe('serve', () => {
  it('takes ranges that there are, and logs', async () => {
    for (const bad of [...noCounts, 2])
      expect(await outcomeOf(() => call(direct, 'serve', [bad, log]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    for (const bad of [undefined, null, 1, {}, engine, direct])
      expect(await outcomeOf(() => call(direct, 'serve', [0, bad]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it('is not deceived by prototypes', async () => {
    const impostor = Object.setPrototypeOf(addon.openMemory(), Object.getPrototypeOf(log)) as object
    expect(impostor instanceof log.constructor).toBe(true)
    const hollow = new (log.constructor as new () => object)()
    for (const bad of [impostor, hollow])
      expect(await outcomeOf(() => call(direct, 'serve', [0, bad]))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it('keeps the log that it was given, whoever else forgets it', async () => {
    const args = directAppenderArguments()
    const other = addon.createDirectAppender(...args)
    const id = engine.newIdentity(1)
    const forgotten = ((): WeakRef<NativeShardLog> => {
      const served = engine.openLog(id, 1)
      other.serve(0, served)
      other.serve(1, served)
      return new WeakRef(served)
    })()
    collectGarbage()
    expect(forgotten.deref()).toBeDefined()
    expect(call(other, 'append', directArguments())).toBeGreaterThanOrEqual(0)
    expect(args[1][0]).toBe(1)
    await forgotten.deref()?.close()
  })

  it('leaves logs alone whose appends wait for the disk', async () => {
    const scratch = new ScratchFolder()
    const synced = await addon.openFolder(scratch.fresh(), true, true, false, 1_000, 1_000_000)
    const waits = synced.openLog(synced.newIdentity(0), 0)
    direct.serve(0, waits)
    direct.serve(1, waits)
    expect(await outcomeOf(() => call(direct, 'append', directArguments()))).toBe('ERR_MILLRACE_UNSUPPORTED')
    expect(call(waits, 'read', readArguments())).toBe(0)
    await waits.close()
    await synced.close()
    scratch.remove()
  })
})

describe('append', () => {
  it('stores a record and says where', () => {
    const range = call(direct, 'append', directArguments())
    expect([0, 1]).toContain(range)
    expect([...answer]).toEqual([1, 1_000])
    expect(call(direct, 'append', directArguments().with(2, 5))).toBe(range)
    expect([...answer]).toEqual([2, 1_000])
    expect(readCount()).toBe(2)
  })

  it('refuses times and limits that are none, each by itself', async () => {
    for (const bad of noNumbers)
      expect(await outcomeOf(() => call(direct, 'append', directArguments().with(2, bad)))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    for (const bad of [...noCounts, 2 ** 31])
      expect(await outcomeOf(() => call(direct, 'append', directArguments().with(3, bad)))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    expect(readCount()).toBe(0)
  })

  it.each([
    ['no string', 1],
    ['an empty string', ''],
    ['257 characters', 'k'.repeat(257)],
    ['257 bytes', `k${'\u00fc'.repeat(128)}`],
    ['a lone surrogate', 'a\ud800b'],
    ['a replacement character', '\ufffd'],
  ])('leaves a key that is %s', (_what, key) => {
    expect(call(direct, 'append', directArguments().with(0, key))).toBe(elsewhere)
    expect(readCount()).toBe(0)
  })

  it('leaves data that is no Uint8Array, empty, detached or large', () => {
    const others: readonly unknown[] = [
      ...noUint8s,
      Buffer.alloc(0),
      detached(new Uint8Array(8)),
      new Uint8Array(64 * 1024 + 1),
      new Proxy(new Uint8Array(8), {}),
      new Uint8ClampedArray(8),
      new DataView(new ArrayBuffer(8)),
    ]
    for (const data of others) {
      expect(call(direct, 'append', directArguments().with(1, data).with(3, 1_000_000))).toBe(elsewhere)
    }
    expect(readCount()).toBe(0)
  })

  it('stores one state of data that another thread changes', { timeout: 30_000 }, async () => {
    const data = new Uint8Array(new SharedArrayBuffer(16 * 1024))
    const worker = new Worker(
      `const { parentPort, workerData } = require('worker_threads')
      parentPort.postMessage('begins')
      for (let n = 0; ; n++) workerData.fill(n & 255)`,
      { eval: true, workerData: data },
    )
    await once(worker, 'message')
    for (let record = 0; record < 3_000; record++) call(direct, 'append', ['k', data, 1_000, 20_000])
    await worker.terminate()
    // Each read verifies the checksums of what it copies.
    const header = new Float64Array(PageField.count)
    const columns = new Uint32Array(100 * Column.stride)
    const page = [new Uint8Array(2_000_000), columns, new Float64Array(100), new Float64Array(100), header]
    let found = 0
    for (let from = 1; from <= 3_000; from = header[PageField.next] as number)
      found += call(log, 'read', [from, 1_500_000, 100, ...page]) as number
    expect(found).toBe(3_000)
  })

  it('leaves what is longer than its limit together', () => {
    expect(call(direct, 'append', ['key', new Uint8Array(8), 1_000, 10])).toBe(elsewhere)
    expect(call(direct, 'append', ['key', new Uint8Array(8), 1_000, 0])).toBe(elsewhere)
    expect(readCount()).toBe(0)
    expect(call(direct, 'append', ['key', new Uint8Array(8), 1_000, 11])).toBeGreaterThanOrEqual(0)
    expect(readCount()).toBe(1)
  })

  it('works without its receiver, and after everybody forgot the rest', () => {
    const { append } = direct
    direct = undefined as never
    answer = undefined as never
    collectGarbage()
    expect(append('k', Buffer.from('d'), 1_000, 1_024)).toBeGreaterThanOrEqual(0)
    expect(readCount()).toBe(1)
  })

  it('passes on what the log answers', async () => {
    log.seal(1_000)
    expect(call(direct, 'append', directArguments())).toBe(Refusal.sealed)
    await log.close()
    expect(call(direct, 'append', directArguments())).toBe(elsewhere)
    log = engine.openLog(engine.newIdentity(1), 1)
  })
})
