import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TokenBucket } from '../../src/streams/token-bucket.ts'

const rates = fc.record({
  perSecond: fc.oneof(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 4_000_000 })),
  capacity: fc.integer({ min: 1, max: 16_000_000 }),
})

/** Calls with the time that passed before each, and what they take, in parts of the capacity. */
const calls = fc.array(
  fc.record({
    elapsedMs: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 100_000 })),
    part: fc.double({ min: 0, max: 1.2, noNaN: true }),
  }),
  { maxLength: 60, size: 'max' },
)

describe('a token bucket', () => {
  it('is full at first and refills at its rate', () => {
    const bucket = new TokenBucket({ perSecond: 1000, capacity: 1000 }, 5)
    expect(bucket.take(1000, 5)).toBe(true)
    expect(bucket.take(1, 5)).toBe(false)
    expect(bucket.waitMs(1, 5)).toBe(1)
    expect(bucket.take(1, 6)).toBe(true)
    expect(bucket.waitMs(1000, 6)).toBe(1000)
    expect(bucket.waitMs(1001, 6)).toBe(Number.POSITIVE_INFINITY)
    expect(bucket.tokens(100_000)).toBe(1000)
  })

  it('pays debts first', () => {
    const bucket = new TokenBucket({ perSecond: 2, capacity: 2 }, 0)
    bucket.spend(10, 0)
    expect(bucket.tokens(0)).toBe(-8)
    expect(bucket.has(0, 3999)).toBe(false)
    expect(bucket.has(0, 4000)).toBe(true)
    expect(bucket.waitMs(2, 4000)).toBe(1000)
  })

  it('goes on from there when the clock is set back', () => {
    const bucket = new TokenBucket({ perSecond: 10, capacity: 10 }, 1_000_000)
    bucket.spend(10, 1_000_000)
    expect(bucket.tokens(500)).toBe(0)
    expect(bucket.take(1, 599)).toBe(false)
    expect(bucket.take(1, 600)).toBe(true)
  })

  it('gives what a count with whole numbers gives, call by call', () => {
    fc.assert(
      fc.property(rates, calls, (rate, steps) => {
        const bucket = new TokenBucket(rate, 0)
        let nowMs = 0
        let thousandths = BigInt(rate.capacity) * 1000n
        for (const { elapsedMs, part } of steps) {
          nowMs += elapsedMs
          thousandths += BigInt(elapsedMs) * BigInt(rate.perSecond)
          if (thousandths > BigInt(rate.capacity) * 1000n) thousandths = BigInt(rate.capacity) * 1000n
          const wanted = Math.floor(part * rate.capacity)
          const there = thousandths >= BigInt(wanted) * 1000n
          expect(bucket.take(wanted, nowMs)).toBe(there)
          if (there) thousandths -= BigInt(wanted) * 1000n
        }
      }),
    )
  })

  it('never gives more in a stretch of time than it holds and what comes in', () => {
    fc.assert(
      fc.property(rates, calls, (rate, steps) => {
        const bucket = new TokenBucket(rate, 0)
        const taken: { readonly atMs: number; readonly tokens: number }[] = []
        let nowMs = 0
        for (const { elapsedMs, part } of steps) {
          nowMs += elapsedMs
          const tokens = Math.floor(part * rate.capacity)
          if (bucket.take(tokens, nowMs)) taken.push({ atMs: nowMs, tokens })
        }
        for (const [from, first] of taken.entries()) {
          let sum = 0
          for (const { atMs, tokens } of taken.slice(from)) {
            sum += tokens
            const most = rate.capacity + ((atMs - first.atMs) * rate.perSecond) / 1000
            expect(sum).toBeLessThanOrEqual(most)
          }
        }
      }),
    )
  })

  it('says to the millisecond when there will be enough', () => {
    fc.assert(
      fc.property(rates, calls, fc.double({ min: 0, max: 1, noNaN: true }), (rate, steps, part) => {
        const bucket = new TokenBucket(rate, 0)
        let nowMs = 0
        for (const step of steps) {
          nowMs += step.elapsedMs
          bucket.spend(Math.floor(step.part * rate.capacity), nowMs)
        }
        const wanted = Math.floor(part * rate.capacity)
        const waitMs = bucket.waitMs(wanted, nowMs)
        expect(bucket.has(wanted, nowMs)).toBe(waitMs === 0)
        if (waitMs > 0) {
          expect(bucket.has(wanted, nowMs + waitMs - 1)).toBe(false)
          expect(bucket.has(wanted, nowMs + waitMs)).toBe(true)
        }
      }),
    )
  })
})
