import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { open } from '../../src/open.ts'
import { textCodec } from '../../src/streams/codec.ts'
import { hashKeyMax } from '../../src/streams/hash-key.ts'
import type { Stored } from '../../src/streams/put.ts'
import type { Store } from '../../src/streams/store.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { ManualClock, settled } from '../model/manual-clock.ts'
import { collect, openSubject } from './subject.ts'

const keys = 6

type Step =
  | { readonly act: 'put'; readonly key: number; readonly records: number }
  | { readonly act: 'burst'; readonly key: number; readonly records: number }
  | { readonly act: 'split'; readonly which: number; readonly share: number }
  | { readonly act: 'merge'; readonly which: number }
  | { readonly act: 'scale'; readonly which: number }
  | { readonly act: 'read'; readonly from: 'oldest' | 'latest' }
  | { readonly act: 'advance'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constant('put'),
      key: fc.nat(keys - 1),
      records: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      act: fc.constant('burst'),
      key: fc.nat(keys - 1),
      records: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('split'),
      which: fc.nat(),
      share: fc.integer({ min: 1, max: 7 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('merge'), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('scale'), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ act: fc.constant('read'), from: fc.constantFrom('oldest', 'latest') }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ act: fc.constant('advance'), ms: fc.integer({ min: 1, max: 5_000 }) }),
  },
)

/** Every seventh key routes by a hash key of its own: neighbours of all boundaries are met in the end. */
function hashKeyOf(key: number): string | undefined {
  return key === 0 ? '0' : key === 1 ? hashKeyMax.toString() : undefined
}

interface Told {
  readonly text: string
  readonly stored: Stored
}

/** A reader at work, and what was put before it was made. */
interface Listener {
  readonly from: 'oldest' | 'latest'
  readonly before: number
  readonly heard: string[]
  readonly stop: () => Promise<unknown>
}

/** One stream that is put to, resharded and read, and all that was stored in the order of the calls. */
class Trial {
  readonly told: Told[] = []
  readonly listeners: Listener[] = []
  readonly #stream: Stream<string>
  readonly #clock: ManualClock
  #numbers = 0
  #under: Promise<unknown> = Promise.resolve()
  #puts: Promise<void>[] = []

  constructor(stream: Stream<string>, clock: ManualClock) {
    this.#stream = stream
    this.#clock = clock
  }

  async take(next: Step): Promise<void> {
    switch (next.act) {
      case 'put':
        await this.#settlePuts()
        for (let n = 0; n < next.records; n++) await this.#put(next.key)
        break
      case 'burst':
        // Goes on beside the reshards that follow.
        for (let n = 0; n < next.records; n++) this.#puts.push(this.#put((next.key + (n % 2)) % keys))
        break
      case 'read':
        await this.#settlePuts()
        this.#listen(next.from)
        break
      case 'advance':
        await this.#clock.advance(next.ms)
        break
      default:
        await this.#under
        this.#under = this.#reshard(next)
        await settled()
    }
  }

  async finish(): Promise<void> {
    await this.#settlePuts()
    await this.#under
  }

  async #settlePuts(): Promise<void> {
    await Promise.all(this.#puts.splice(0))
  }

  /** What was stored is told in the order of the calls, also if the answers come otherwise. */
  async #put(key: number): Promise<void> {
    const text = `${key}:${this.#numbers++}`
    const explicitHashKey = hashKeyOf(key)
    const stored = await this.#stream.put(
      `k${key}`,
      text,
      explicitHashKey === undefined ? {} : { explicitHashKey },
    )
    this.told.push({ text, stored })
  }

  #listen(from: 'oldest' | 'latest'): void {
    const reader = this.#stream.read({ from })
    const heard: string[] = []
    const over = (async () => {
      for await (const record of reader) heard.push(record.data)
    })()
    this.listeners.push({
      from,
      before: this.told.length,
      heard,
      stop: async () => {
        await reader.return()
        await over
      },
    })
  }

  async #reshard(next: Extract<Step, { act: 'split' | 'merge' | 'scale' }>): Promise<void> {
    const shards = this.#stream
      .listShards({ filter: { type: 'atLatest' } })
      .toSorted((a, b) => (BigInt(a.startingHashKey) < BigInt(b.startingHashKey) ? -1 : 1))
    const at = next.which % shards.length
    const [lower, upper] = [shards[at], shards[at + 1]]
    if (lower === undefined) throw new Error('a stream without shards')
    if (next.act === 'scale') {
      const [least, most] = [Math.ceil(shards.length / 2), Math.min(2 * shards.length, 6)]
      if (most >= least)
        await this.#stream.updateShardCount(least + (next.which % (most - least + 1))).catch(limited)
    } else if (next.act === 'split') {
      const start = BigInt(lower.startingHashKey)
      const width = BigInt(lower.endingHashKey) - start
      const split = start + (width * BigInt(next.share)) / 8n
      if (width > 16n) await this.#stream.splitShard(lower.shardId, split.toString())
    } else if (upper !== undefined) {
      await this.#stream.mergeShards(lower.shardId, upper.shardId)
    }
  }
}

/** Ten changes of the number of shards a day are all. */
function limited(error: unknown): void {
  expect(error).toMatchObject({ code: 'ERR_MILLRACE_LIMIT_EXCEEDED' })
}

/** Each once, and those of one key in the order in which they were put. */
function expectRecords(heard: readonly string[], wanted: readonly string[]): void {
  expect(heard.toSorted()).toEqual(wanted.toSorted())
  const last = new Map<string, number>()
  for (const text of heard) {
    const [key = '', number] = text.split(':')
    expect(Number(number)).toBeGreaterThan(last.get(key) ?? -1)
    last.set(key, Number(number))
  }
}

function texts(told: readonly Told[]): string[] {
  return told.map(({ text }) => text)
}

/** Reads some records, then the rest behind the last number of each shard. */
async function readInTwoParts(stream: Stream<string>, count: number): Promise<string[]> {
  const heard: string[] = []
  const last = new Map<string, string>()
  for await (const record of stream.read({ from: 'oldest', until: 'tail' })) {
    heard.push(record.data)
    last.set(record.shardId, record.sequenceNumber)
    if (heard.length >= count) break
  }
  if (last.size === 0) return heard
  const rest = stream.read({ from: 'sequence', sequence: [...last.values()], until: 'tail' })
  return [...heard, ...(await collect(rest)).map(({ data }) => data)]
}

/** Answers how many records were put, all of which were found. */
async function run(store: Store, clock: ManualClock, steps: readonly Step[]): Promise<number> {
  const stream = await store.createStream('s', { codec: textCodec, shards: 2 })
  const trial = new Trial(stream, clock)
  for (const next of steps) await trial.take(next)
  await trial.finish()
  for (let turn = 0; turn < 30; turn++) await settled()
  const { told, listeners } = trial
  for (const { from, before, heard, stop } of listeners) {
    await stop()
    expectRecords(heard, texts(from === 'oldest' ? told : told.slice(before)))
  }
  expectRecords(
    (await collect(stream.read({ from: 'oldest', until: 'tail' }))).map(({ data }) => data),
    texts(told),
  )
  for (const { text, stored } of told) expect((await stream.get(stored.sequenceNumber))?.data).toBe(text)
  for (const ms of new Set(told.map(({ stored }) => stored.arrivedAtMs))) {
    for (const arrivedAtMs of [ms, ms + 1].filter((time) => time <= clock.nowMs())) {
      const read = await collect(stream.read({ from: 'time', arrivedAtMs, until: 'tail' }))
      const wanted = told.filter(({ stored }) => stored.arrivedAtMs >= arrivedAtMs)
      expectRecords(
        read.map(({ data }) => data),
        texts(wanted),
      )
    }
  }
  for (let count = 1; count <= told.length; count += Math.max(1, Math.floor(told.length / 10))) {
    expectRecords(await readInTwoParts(stream, count), texts(told))
  }
  await store.close()
  return told.length
}

function recordsOf(taken: readonly Step[]): number {
  return taken.reduce((sum, next) => sum + ('records' in next ? next.records : 0), 0)
}

const steps = fc.array(step, { minLength: 5, maxLength: 40 })

describe('random splits, merges, puts and reads', () => {
  it.each(['direct', 'later'] as const)(
    'find every record once, in order, at every position and time: the model, %s',
    async (answers) => {
      await fc.assert(
        fc.asyncProperty(steps, async (taken) => {
          const { store, clock } = await openSubject({ answers })
          expect(await run(store, clock, taken)).toBe(recordsOf(taken))
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )

  it('find every record once, in order, at every position and time: the engine, in memory', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (taken) => {
        const clock = new ManualClock()
        expect(await run(await open('memory:', { clock }), clock, taken)).toBe(recordsOf(taken))
      }),
      { numRuns: 40 },
    )
  }, 60_000)
})
