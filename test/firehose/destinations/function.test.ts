import { describe, expect, it } from 'vitest'
import { FunctionReceiver } from '../../../src/firehose/destinations/function.ts'
import { DeliveryError } from '../../../src/firehose/destination.ts'
import type { DeliveryRecord } from '../../../src/firehose/delivery-record.ts'
import type { ReceiveFunction } from '../../../src/firehose/firehose-options.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { oddValues } from '../odd-values.ts'
import { recordContract } from './contract.ts'
import { parcelOf, recordsOf, rejection, unaborted } from './parcels.ts'

recordContract('a function', async () => {
  const records: DeliveryRecord[] = []
  let broken = false
  return {
    destination: receiver((given) => {
      if (broken) throw new Error('not now')
      records.push(...given)
    }),
    taken: async () => records.map(({ data }) => Buffer.from(data)),
    breakDown: async () => {
      broken = true
    },
    repair: async () => {
      broken = false
    },
    close: async () => {},
  }
})

function receiver(receive: ReceiveFunction, clock = new ManualClock(), timeoutMs?: number): FunctionReceiver {
  return new FunctionReceiver({ name: 'sink', receive, clock, timeoutMs })
}

/** A receiver that answers whatever a test wants. */
function answering(answer: unknown): FunctionReceiver {
  return receiver(() => answer as void)
}

describe('a receiver', () => {
  it.each(oddValues)('has failed when it throws, or rejects with, or answers %s', async (_, odd) => {
    const throws = receiver(() => {
      throw odd
    })
    const rejects = receiver(() => Promise.reject(odd as Error))
    for (const failing of [throws, rejects]) {
      const error = await rejection(failing.deliver(parcelOf(recordsOf('a')), unaborted))
      expect([DeliveryError.is(error), error]).toEqual([
        true,
        expect.objectContaining({ code: 'Function.Failed', again: true }),
      ])
    }
    if (odd === undefined) return
    const answered = await rejection(answering(odd).deliver(parcelOf(recordsOf('a')), unaborted))
    expect(DeliveryError.is(answered)).toBe(true)
  })

  it('is told which delivery it is, and where records came from', async () => {
    const origin = { shardId: 's', partitionKey: 'k', sequenceNumber: '1', subsequenceNumber: 0 }
    const parcel = {
      ...parcelOf(
        recordsOf('a').map((record) => ({ ...record, origin })),
        'id',
      ),
      attempt: 3,
    }
    let told: unknown
    await receiver((records, { id, attempt, signal }) => {
      told = {
        records: records.map((record) => ({ ...record, data: [...record.data] })),
        id,
        attempt,
        aborted: signal.aborted,
      }
    }).deliver(parcel, unaborted)
    expect(told).toEqual({
      records: [{ data: [97], arrivedAtMs: 1_000, origin }],
      id: 'id',
      attempt: 3,
      aborted: false,
    })
  })

  it('may change its records: they come again as they were', async () => {
    const records = recordsOf('a')
    const changing = receiver((given) => {
      given[0]?.data.fill(0)
      throw new Error('again')
    })
    await rejection(changing.deliver(parcelOf(records), unaborted))
    expect(records[0]?.data.toString()).toBe('a')
  })

  it('gets records again that it asks for, in their order', async () => {
    expect(await answering([2, 0]).deliver(parcelOf(recordsOf('a', 'b', 'c')), unaborted)).toEqual(
      [0, 2].map((index) => ({
        index,
        again: true,
        code: 'Function.RecordRefused',
        message: 'receiver sink asked for it again',
      })),
    )
    expect(await answering([]).deliver(parcelOf(recordsOf('a')), unaborted)).toEqual([])
    expect(await answering(Promise.resolve([0])).deliver(parcelOf(recordsOf('a')), unaborted)).toHaveLength(1)
  })

  const unending = new Proxy([], {
    get: (target, key) => (key === 'length' ? 2 ** 40 : Reflect.get(target, key)),
  })
  it.each([
    ['null', null],
    ['true', true],
    ['an object', { 0: 1 }],
    ['a text', 'ab'],
    ['a hole', Array.from({ length: 1 })],
    ['a negative one', [-1]],
    ['one beyond', [2]],
    ['a fraction', [0.5]],
    ['not a number', [Number.NaN]],
    ['text', ['0']],
    ['twice the same', [0, 0]],
    ['too many', [0, 1, 0]],
    ['a bigint', [0n]],
    ['without end', unending],
    ['typed', new Uint8Array([0])],
  ])('that answers %s is not believed', async (_, answer) => {
    const error = await rejection(answering(answer).deliver(parcelOf(recordsOf('a', 'b')), unaborted))
    expect(error).toMatchObject({ name: 'DeliveryError', code: 'Function.InvalidAnswer', again: true })
  })

  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  const evil = {
    get [Symbol.toPrimitive](): never {
      throw new Error('no text')
    },
  }
  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no')
      },
    ],
    [
      'throws nothing',
      () => {
        throw undefined // eslint-disable-line no-throw-literal -- functions of others may
      },
    ], // eslint-disable-line no-throw-literal -- functions of others may
    [
      'throws what has no text',
      () => {
        throw evil
      },
    ], // eslint-disable-line no-throw-literal -- functions of others may
    [
      'answers a thenable that throws',
      () => ({
        // eslint-disable-next-line no-thenable -- functions of others may
        then: () => {
          throw new Error('no')
        },
      }),
    ],
    ['answers what cannot be looked at', async () => proxy],
  ])('that %s gets them again', async (_, receive) => {
    const error = await rejection(
      receiver(receive as unknown as ReceiveFunction).deliver(parcelOf(recordsOf('a')), unaborted),
    )
    expect(error).toMatchObject({ name: 'DeliveryError', code: 'Function.Failed', again: true })
  })

  it('has a minute, or as long as it is given, and is told when it is over', async () => {
    for (const [timeoutMs, ms] of [
      [undefined, 60_000],
      [5, 5],
    ] as const) {
      const clock = new ManualClock()
      let told: AbortSignal | undefined
      const endless = receiver(
        (_, { signal }) => {
          told = signal
          return new Promise(() => {})
        },
        clock,
        timeoutMs,
      )
      const delivery = rejection(endless.deliver(parcelOf(recordsOf('a')), unaborted))
      await clock.advance(ms - 1)
      expect(told?.aborted).toBe(false)
      await clock.advance(1)
      expect(await delivery).toMatchObject({ code: 'Function.Timeout', again: true })
      expect(told?.aborted).toBe(true)
      expect(clock.pending).toBe(0)
    }
  })

  it('is not waited for once the delivery is aborted, and is told', async () => {
    const abort = new AbortController()
    const reason = new Error('enough')
    const clock = new ManualClock()
    let told: unknown
    const endless = receiver((_, { signal }) => {
      signal.addEventListener('abort', () => (told = signal.reason))
      return new Promise(() => {})
    }, clock)
    const delivery = rejection(endless.deliver(parcelOf(recordsOf('a')), abort.signal))
    abort.abort(reason)
    expect(await delivery).toBe(reason)
    expect(told).toBe(reason)
    expect(clock.pending).toBe(0)
  })
})
