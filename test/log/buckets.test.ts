import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { Buckets } from '../../src/log/buckets.ts'
import type { NativeEngine } from '../../src/log/native-engine.ts'
import { openNativeEngine } from '../../src/log/native.ts'
import { OwnBuckets } from '../../src/streams/own-buckets.ts'

const opened: NativeEngine[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()))
})

async function openEngine(): Promise<NativeEngine> {
  const options = { durability: { mode: 'none' }, clock: systemClock } as const
  const engine = await openNativeEngine({ kind: 'memory' }, options)
  opened.push(engine)
  return engine
}

const tokens = fc.oneof(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 16_000_000 }))
const positive = tokens.map((n) => n + 1)
/** Mostly forwards; sometimes the clock is set back, by a little or by a lot. */
const elapsedMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 20 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 100_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: -100_000, max: 0 }) },
)

/** One call; it answers all that the call tells. */
type Call = (buckets: Buckets, nowMs: number) => unknown

const place = fc.integer({ min: 0, max: 2 })
const taking: fc.Arbitrary<Call> = fc
  .record({
    first: place,
    wide: place,
    capacities: fc.array(positive, { minLength: 3, maxLength: 3 }),
    rows: fc.array(fc.array(tokens, { minLength: 3, maxLength: 3 }), { maxLength: 5 }),
  })
  .map(({ first, wide, capacities, rows }) => (buckets, nowMs) => {
    const width = 1 + Math.min(wide, 2 - first)
    const amounts = Float64Array.from([capacities, ...rows].flatMap((row) => row.slice(0, width)))
    const lacks = new Uint8Array(rows.length)
    return [buckets.take(first, width, amounts, lacks, rows.length, nowMs), ...lacks]
  })
const spending: fc.Arbitrary<Call> = fc
  .record({ bucket: place, spent: tokens, pauseMs: fc.integer({ min: 0, max: 12_000 }) })
  .map(
    ({ bucket, spent, pauseMs }) =>
      (buckets, nowMs) =>
        buckets.spend(bucket, spent, pauseMs, nowMs),
  )
const asking: fc.Arbitrary<Call> = fc
  .record({ bucket: place, wanted: tokens })
  .map(({ bucket, wanted }) => (buckets, nowMs) => [
    buckets.waitMs(bucket, wanted, nowMs),
    buckets.full(nowMs),
  ])

describe('buckets that threads share', () => {
  it('answer one thread as the buckets of a store object do, call by call, whatever its clock does', async () => {
    const engine = await openEngine()
    let run = 0
    const rate = fc.record({ perSecond: positive, capacity: positive })
    const calls = fc.array(fc.record({ elapsedMs, call: fc.oneof(taking, spending, asking) }), {
      maxLength: 60,
      size: 'max',
    })
    fc.assert(
      fc.property(fc.array(rate, { minLength: 3, maxLength: 3 }), calls, (rates, steps) => {
        let nowMs = 1_000_000
        const own = new OwnBuckets(rates, nowMs)
        const shared = engine.buckets.open(`run ${run++}`, rates, nowMs)
        for (const step of steps) {
          nowMs += step.elapsedMs
          expect(step.call(shared, nowMs)).toEqual(step.call(own, nowMs))
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('are the same ones under the same name, and full under another', async () => {
    const { buckets } = await openEngine()
    const rates = [{ perSecond: 5, capacity: 5 }]
    const take = (name: string): number =>
      buckets.open(name, rates, 0).take(0, 1, Float64Array.of(5, 3), new Uint8Array(1), 1, 0)
    expect([take('a'), take('a'), take('b')]).toEqual([0, 1, 0])
  })
})
