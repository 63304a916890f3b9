/** Buckets without the TypeScript around them, as `hostile-log.test.ts` does it with logs. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Buckets } from '../../src/log/buckets.ts'
import type { NativeEngine } from '../../src/native/addon.ts'
import { addon } from './addon-file.ts'
import { call, detached, noCounts, noFloat64s, noNumbers, noUint8s } from './hostile-values.ts'
import { outcomeOf } from './outcome.ts'

const refusal = 'ERR_MILLRACE_INVALID_ARGUMENT'
let engine: NativeEngine
let buckets: Buckets

beforeEach(() => {
  engine = addon.openMemory()
  buckets = engine.openBuckets('a', Float64Array.of(10, 10, 20, 20), 0)
})
afterEach(() => engine.close())

/** Valid arguments of `take` for two rows of two. */
function takeArguments(): unknown[] {
  return [0, 2, Float64Array.of(10, 20, 1, 1, 1, 1), new Uint8Array(2), 2, 0]
}

function outcome(target: object, method: string, args: readonly unknown[]): Promise<unknown> {
  return outcomeOf(() => call(target, method, args))
}

async function expectRefused(
  method: string,
  args: () => readonly unknown[],
  place: number,
  values: readonly unknown[],
): Promise<void> {
  for (const bad of values) expect(await outcome(buckets, method, args().with(place, bad))).toBe(refusal)
}

describe('openBuckets', () => {
  it('takes a name, one to 16 rates that are tokens, and the time', async () => {
    const rates = Float64Array.of(1, 1)
    for (const bad of [undefined, 1, {}, 'n'.repeat(4_097)])
      expect(await outcome(engine, 'openBuckets', [bad, rates, 0])).toBe(refusal)
    const noRates = [
      [],
      [1],
      [1, 0],
      [0, 1],
      [1, Number.NaN],
      [1, 2 ** 43],
      Array.from({ length: 34 }, () => 1),
    ]
    for (const bad of [...noFloat64s, ...noRates.map((list) => Float64Array.from(list)), detached(rates)])
      expect(await outcome(engine, 'openBuckets', ['b', bad, 0])).toBe(refusal)
    for (const bad of noNumbers)
      expect(await outcome(engine, 'openBuckets', ['b', Float64Array.of(1, 1), bad])).toBe(refusal)
    expect(await outcome(engine, 'openBuckets', ['a', Float64Array.of(1, 1), 0])).toBe(refusal)
  })
})

describe('buckets', () => {
  it('take from places that there are, in memory that there is', async () => {
    await expectRefused('take', takeArguments, 0, [...noCounts, 1])
    await expectRefused('take', takeArguments, 1, [...noCounts, 0, 3])
    const short = new Float64Array(5)
    await expectRefused('take', takeArguments, 2, [...noFloat64s, short, new Float64Array(0)])
    await expectRefused('take', takeArguments, 3, [...noUint8s, new Uint8Array(1)])
    await expectRefused('take', takeArguments, 4, [...noCounts, 3])
    await expectRefused('take', takeArguments, 5, noNumbers)
    expect(call(buckets, 'take', takeArguments())).toBe(0)
  })

  it('bear amounts that are no tokens', () => {
    const odd = [Number.NaN, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2 ** 60, 0.5]
    for (const amount of odd)
      call(buckets, 'take', [0, 1, Float64Array.of(amount, amount), new Uint8Array(1), 1, amount || 0])
    expect(buckets.full(1e15)).toBeTypeOf('boolean')
  })

  it('spend, wait and are full for numbers alone', async () => {
    await expectRefused('spend', () => [0, 1, 0, 0], 0, [...noCounts, 2])
    for (const place of [1, 2]) await expectRefused('spend', () => [0, 1, 0, 0], place, noNumbers)
    await expectRefused('spend', () => [0, 1, 0, 0], 3, noNumbers)
    await expectRefused('waitMs', () => [0, 1, 0], 0, [...noCounts, 2])
    await expectRefused('waitMs', () => [0, 1, 0], 1, noNumbers)
    await expectRefused('waitMs', () => [0, 1, 0], 2, noNumbers)
    await expectRefused('full', () => [0], 0, noNumbers)
    expect([buckets.waitMs(0, 1, 0), buckets.full(0)]).toEqual([0, true])
  })

  it('are closed when they are made by hand, and good for longer than their engine', async () => {
    const Hollow = buckets.constructor as new () => Buckets
    expect(await outcome(new Hollow(), 'full', [0])).toBe('ERR_MILLRACE_CLOSED')
    await engine.close()
    expect(buckets.full(0)).toBe(true)
    expect(await outcome(engine, 'openBuckets', ['b', Float64Array.of(1, 1), 0])).toBe('ERR_MILLRACE_CLOSED')
    engine = addon.openMemory()
  })
})
