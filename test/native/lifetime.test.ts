import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, describe, expect, it } from 'vitest'
import type { NativeEngine, NativeShardLog } from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import { call, readArguments } from './hostile-values.ts'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import { appendTo } from './programs/store.mjs'
import { outcomeOf } from './outcome.ts'
import { ScratchFolder } from './scratch-folder.ts'

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Store {
  readonly engine: NativeEngine
  readonly ids: readonly string[]
  readonly logs: readonly NativeShardLog[]
}

async function openStore(folder: string, logs = 3): Promise<Store> {
  const engine = await addon.openFolder(folder, true)
  const ids = Array.from({ length: logs }, (_, shard) => engine.newIdentity(shard))
  return { engine, ids, logs: ids.map((id, shard) => engine.openLog(id, shard)) }
}

async function closeStore({ engine, logs }: Pick<Store, 'engine' | 'logs'>): Promise<void> {
  await Promise.all(logs.map((log) => log.close()))
  await engine.close()
}

function write(store: Pick<Store, 'logs'>): void {
  for (const log of store.logs) for (let batch = 0; batch < 20; batch++) appendTo(log, 500)
}

/** Opens a store and closes it; the function that it was given to be told of others. */
async function toldOfOthers(path: string): Promise<WeakRef<() => void>> {
  const told = new WeakRef(() => void path)
  const opening = addon.openFolder(path, true, undefined, undefined, undefined, undefined, told.deref())
  await opening.then(
    (engine) => engine.close(),
    () => {},
  )
  return told
}

describe('who is told of others', () => {
  it('is forgotten once the engine is closed, and where it was never opened', async () => {
    const told = await Promise.all([
      toldOfOthers(scratch.fresh()),
      toldOfOthers('/dev/null'),
      toldOfOthers(`${scratch.path}/a\u0001/b/c`),
    ])
    await new Promise((resolve) => setImmediate(resolve))
    collectGarbage()
    expect(told.map((each) => each.deref())).toEqual([undefined, undefined, undefined])
  })
})

/** Threads of this process. */
function threads(): number {
  return readdirSync('/proc/self/task').length
}

/** Open descriptors of this process, and its mappings of files below the scratch folder. */
function held(): { readonly descriptors: number; readonly mappings: number } {
  const maps = readFileSync('/proc/self/maps', 'utf8').split('\n')
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    mappings: maps.filter((line) => line.includes(scratch.path)).length,
  }
}

function mappingCount(): number {
  return readFileSync('/proc/self/maps', 'utf8').split('\n').length
}

async function openFillAndCloseInMemory(): Promise<void> {
  const engine = addon.openMemory()
  const logs = [0, 1, 2].map((shard) => engine.openLog(engine.newIdentity(shard), shard))
  write({ logs })
  await closeStore({ engine, logs })
}

/** Collects until `done` says so; the finalizers run between turns of the event loop. */
async function collectUntil(done: () => Promise<boolean>): Promise<boolean> {
  for (let round = 0; round < 50; round++) {
    collectGarbage()
    await new Promise((resolve) => setImmediate(resolve))
    if (await done()) return true
  }
  return false
}

async function opens(folder: string): Promise<boolean> {
  try {
    const engine = await addon.openFolder(folder, true)
    await engine.close()
    return true
  } catch {
    return false
  }
}

describe.runIf(process.platform === 'linux')('a store', () => {
  it('gives every descriptor and mapping back when it is closed', async () => {
    const folder = scratch.fresh()
    await closeStore(await openStore(folder)) // whatever is made once in a process is made now
    const before = held()
    for (let cycle = 0; cycle < 20; cycle++) {
      const store = await openStore(folder)
      write(store)
      expect(held().mappings).toBeGreaterThan(before.mappings)
      await closeStore(store)
      expect(held()).toEqual(before)
    }
  })

  it('that is only read gives every descriptor and mapping back, and its thread, also while it waits', async () => {
    const folder = scratch.fresh()
    const store = await openStore(folder, 1)
    write(store)
    const [log] = store.logs as [NativeShardLog]
    const cycle = async (): Promise<void> => {
      const reader = await addon.openReader(folder)
      const followers = store.ids.map((id) => reader.openLog(id, 0))
      for (const follower of followers) {
        call(follower, 'read', readArguments())
        follower.watch(() => {}, true)
      }
      for (const follower of followers) follower.close()
      await reader.close()
    }
    await cycle()
    const before = { ...held(), threads: threads() }
    for (let round = 0; round < 20; round++) await cycle()
    expect({ ...held(), threads: threads() }).toEqual(before)
    await log.close()
    await store.engine.close()
  })

  it('in memory gives its memory back when it is closed', async () => {
    for (let round = 0; round < 5; round++) await openFillAndCloseInMemory()
    const before = mappingCount()
    for (let round = 0; round < 50; round++) await openFillAndCloseInMemory()
    // V8 maps and unmaps pages of its own; a leak of one mapping a store would show as fifty.
    expect(mappingCount() - before).toBeLessThan(25)
  })

  it('that nobody holds any more is closed by the garbage collector', async () => {
    const folder = scratch.fresh()
    const before = held()
    await (async () => write(await openStore(folder)))()
    expect(await opens(folder)).toBe(false)
    expect(await collectUntil(() => opens(folder))).toBe(true)
    expect(held()).toEqual(before)
  })

  it('stays open while one of its logs is in use', async () => {
    const folder = scratch.fresh()
    const log = await (async () => (await openStore(folder, 1)).logs[0] as NativeShardLog)()
    expect(await collectUntil(() => opens(folder))).toBe(false)
    expect(appendTo(log, 10)).toBe(10)
    await log.close()
    expect(await collectUntil(() => opens(folder))).toBe(true)
  })

  it('finishes what is under way after nobody holds it any more', async () => {
    const folder = scratch.fresh()
    const flushed = await (async () => {
      const store = await openStore(folder)
      write(store)
      return store.logs.map((log) => log.flush())
    })()
    collectGarbage()
    await Promise.all(flushed)
    expect(await collectUntil(() => opens(folder))).toBe(true)
  })

  it('may be closed while logs flush', async () => {
    const store = await openStore(scratch.fresh())
    write(store)
    const flushes = store.logs.flatMap((log) => Array.from({ length: 8 }, () => log.flush()))
    const closes = store.logs.map((log) => log.close())
    const outcomes = await Promise.allSettled([...flushes, ...closes])
    expect(outcomes.filter((outcome) => outcome.status === 'rejected')).toEqual([])
    await store.engine.close()
  })
})

describe('after close', () => {
  it('every call of a log and of an engine fails, also while it closes', async () => {
    const store = await openStore(scratch.fresh(), 1)
    const [log] = store.logs as [NativeShardLog]
    const logCalls = [() => appendTo(log, 1), () => log.seek(0), () => log.flush(), () => log.close()]
    const engineCalls = [
      () => store.engine.openMeta(),
      () => store.engine.newIdentity(0),
      () => store.engine.sweep([]),
      () => store.engine.close(),
    ]
    for (const [target, calls] of [
      [log, logCalls],
      [store.engine, engineCalls],
    ] as const) {
      const closing = target.close()
      const codes = await Promise.all(calls.map(outcomeOf))
      await closing
      expect([...codes, ...(await Promise.all(calls.map(outcomeOf)))]).toEqual(
        [...calls, ...calls].map(() => 'ERR_MILLRACE_CLOSED'),
      )
    }
  })
})
