import { openMemory } from '../open-memory.ts'
import { requireInteger, requireMethods, requireOptions } from '../options.ts'
import { type StoreImage, takeImage } from '../store-image.ts'
import { storeOptionKeys, type StoreOptions } from '../streams/store-options.ts'
import type { Store } from '../streams/store.ts'
import { Faults } from './faults.ts'
import { type Duration, ManualClock } from './manual-clock.ts'

/** Options of `testStore`: those of a store in memory, whose clock can be advanced. */
export interface TestStoreOptions extends Omit<StoreOptions, 'clock'> {
  /** Share one clock between several stores, or with your own code. @defaultValue a clock of its own, at 2026-01-01 */
  readonly clock?: ManualClock | undefined
  /** Decides on scripted faults that are not certain: 0 to 2^32 - 1. The same seed, the same faults. @defaultValue 1 */
  readonly seed?: number | undefined
}

/** What a test store has beside what every store has. */
export interface TestControls {
  /** Every time of the store is this clock's. */
  readonly clock: ManualClock
  /**
   * Lets time pass, in no time: every timer, expiry, window, limit, retention and status change that becomes due on
   * the way happens at its own moment, in order. Short for `clock.advance`.
   *
   * ```ts
   * await store.advance({ hours: 24, milliseconds: 1 })
   * ```
   */
  advance(duration: Duration): Promise<void>
  /** What is to go wrong: nothing, until a test says so. */
  readonly faults: Faults
  /**
   * What the store holds now, to begin other stores with: everything that was stored before the call, all of it at
   * one moment. Records are shared with the store, copy-on-write; only those that came since its last snapshot cost
   * anything.
   *
   * Rejects with `ERR_MILLRACE_CLOSED`.
   */
  snapshot(): Promise<StoreSnapshot>
  /**
   * An independent store that holds what this one holds now: short for `snapshot()` and its `open()`. One fixture, made
   * once, serves many tests.
   *
   * Rejects as `snapshot` does.
   */
  fork(): Promise<TestStore>
}

/** What a test store held at one moment. Keeps its records in memory as long as it is kept itself. */
export interface StoreSnapshot {
  /**
   * A store that begins with it, on a clock of its own that stands where the first one's stood. Streams, shards, settings,
   * records, their sequence numbers and arrival times are the same; readers, subscriptions, measured rates and scripted
   * faults stay behind.
   *
   * Shares the records, copy-on-write: neither time nor memory grows with them.
   *
   * Rejects with `ERR_MILLRACE_NO_SPACE`.
   */
  open(): Promise<TestStore>
}

/** A store in memory for tests: a `Store` like any other, on a clock that you move. */
export type TestStore = Store & TestControls

/**
 * A store for one test: in memory, on a manual clock, independent of every other one. Takes a millisecond or so; keeps
 * no process alive; `await using` or `close` frees it.
 *
 * ```ts
 * await using store = await testStore()
 * const clicks = await store.createStream('clicks')
 * ```
 *
 * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_NATIVE_LOAD`.
 */
export async function testStore(options: TestStoreOptions = {}): Promise<TestStore> {
  requireOptions('testStore options', options, [...storeOptionKeys, 'seed'])
  const { clock = new ManualClock(), seed = 1 } = options
  requireMethods('clock', clock, ['nowMs', 'monotonicMs', 'after', 'advance'])
  requireInteger('seed', seed, 0, 2 ** 32 - 1)
  return open({ ...options, clock, seed }, undefined)
}

async function open(
  { seed, ...options }: TestStoreOptions & { readonly clock: ManualClock; readonly seed: number },
  image: StoreImage | undefined,
): Promise<TestStore> {
  const store = await openMemory(options, { image })
  const faults = new Faults(store, options.clock, seed)
  const snapshot = async (): Promise<StoreSnapshot> => {
    const taken = await takeImage(store)
    return { open: () => open({ ...options, seed, clock: new ManualClock(taken.nowMs) }, taken) }
  }
  const close = store.close.bind(store)
  const controls: TestControls & Pick<Store, 'close'> = {
    // Whoever waits for an answer that is held back waits no longer.
    close: () => {
      faults.clear()
      return close()
    },
    clock: options.clock,
    faults,
    advance: (duration) => options.clock.advance(duration),
    snapshot,
    fork: async () => (await snapshot()).open(),
  }
  return Object.assign(store, controls)
}
