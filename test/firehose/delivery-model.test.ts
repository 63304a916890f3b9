import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DeliveryConfiguration } from '../../src/firehose/configuration.ts'
import type { ProcessedRecord } from '../../src/firehose/delivery-record.ts'
import type { Processor } from '../../src/firehose/processor.ts'
import { hourMs, KiB, minuteMs } from '../../src/units.ts'
import { type Conduct, DeliveryRig, settled, target, toFunction } from './delivery-rig.ts'

const hintMs = 60_000

/** What a test does with a delivery, one after the other. */
type Step =
  | { readonly kind: 'put'; readonly sizes: readonly number[]; readonly partition: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'conduct'; readonly conducts: readonly Conduct[] }
  | { readonly kind: 'kill' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'flush' }

const conducts = (...kinds: readonly Conduct[]): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant('conduct' as const),
    conducts: fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 4 }),
  })

function steps(kinds: readonly Conduct[]): fc.Arbitrary<readonly Step[]> {
  const put: fc.Arbitrary<Step> = fc.record({
    kind: fc.constant('put' as const),
    sizes: fc.array(fc.oneof(fc.nat(200), fc.nat(3000)), { minLength: 1, maxLength: 12 }),
    partition: fc.nat(3),
  })
  const wait: fc.Arbitrary<Step> = fc.record({
    kind: fc.constant('wait' as const),
    ms: fc.constantFrom(1, 500, 7000, hintMs, 5 * hintMs),
  })
  const others = fc.constantFrom<Step>({ kind: 'kill' }, { kind: 'restart' }, { kind: 'flush' })
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: put },
      { weight: 3, arbitrary: wait },
      { weight: 2, arbitrary: conducts(...kinds) },
      { weight: 1, arbitrary: others },
    ),
    { minLength: 1, maxLength: 24 },
  )
}

/** Partitions are the first character; every eleventh record fails. */
const sorting: Processor = {
  async process(records) {
    const parted = records.map((record) => ({ record, text: Buffer.from(record.data).toString() }))
    return {
      records: parted
        .filter(({ text }) => !isBad(text))
        .map(({ record, text }): ProcessedRecord => {
          return { ...record, keys: { query: { key: text[0] ?? '' }, lambda: {} } }
        }),
      failed: parted
        .filter(({ text }) => isBad(text))
        .map(({ record }) => ({ record, type: 'processing-failed', code: 'X', message: 'bad', attempts: 1 })),
      dropped: 0,
    }
  },
  async close() {},
}

function isBad(text: string): boolean {
  return numberOf(text) % 11 === 10
}

/** Of a record that `Run` put. */
function numberOf(text: string): number {
  return Number(/^\d:(\d+)/.exec(text)?.[1])
}

/** Records carry their partition and a running number, so that their text names them. */
class Run {
  readonly rig: DeliveryRig
  readonly put: string[] = []
  /** Something happened after which records may come twice. */
  mayRepeat = false
  conducts: readonly Conduct[] = ['take']
  #calls = 0

  constructor(rig: DeliveryRig) {
    this.rig = rig
    rig.objects.conduct = () => this.#next()
    rig.receiver.conduct = () => this.#next()
  }

  async do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'put':
        await this.rig.put(...step.sizes.map((size) => this.#record(step.partition, size)))
        break
      case 'wait':
        await this.rig.clock.advance(step.ms)
        break
      case 'conduct':
        this.conducts = step.conducts
        if (step.conducts.some((conduct) => conduct !== 'take')) this.mayRepeat = true
        break
      case 'kill':
        this.mayRepeat = true
        await this.rig.kill()
        await this.rig.start()
        break
      case 'restart':
        await this.#stop()
        await this.rig.start()
        break
      case 'flush':
        await this.#flush()
        break
      default:
        step satisfies never
    }
  }

  /** Everything works again, and time passes. */
  async end(): Promise<void> {
    this.conducts = ['take']
    await this.#flush()
    await this.rig.clock.advance(5000)
  }

  /** A stop waits for attempts that hang as long as they may. */
  async #stop(): Promise<void> {
    const stopping = this.rig.delivery.stop({ flush: true })
    await this.#timely(stopping)
  }

  async #flush(): Promise<void> {
    const flushing = this.rig.delivery.flush()
    await this.#timely(flushing)
  }

  async #timely(work: Promise<void>): Promise<void> {
    let over = false
    const done = work.finally(() => {
      over = true
    })
    // Files take their own time: in long steps a day would pass before one is read.
    for (let step = 0; !over && step < 1000; step++) {
      await settled()
      if (!over) await this.rig.clock.advance(5 * minuteMs)
      // Beyond a day only the error output is still tried, for ever.
      if (step === 320) this.conducts = ['take']
    }
    await done
  }

  #next(): Conduct {
    this.#calls += 1
    return this.conducts[this.#calls % this.conducts.length] ?? 'take'
  }

  #record(partition: number, size: number): string {
    const text = `${partition}:${this.put.length};${'x'.repeat(size)}|`
    this.put.push(text)
    return text
  }
}

/** Lost none; more than once only where something failed; bounded. */
function verify(run: Run, delivered: readonly string[]): void {
  const times = new Map<string, number>()
  for (const text of delivered) times.set(text, (times.get(text) ?? 0) + 1)
  expect([...times.keys()].toSorted()).toEqual(run.put.toSorted())
  if (!run.mayRepeat) expect([...times.values()].every((count) => count === 1)).toBe(true)
  expect(run.rig.delivery.stats()).toMatchObject({ bufferedRecords: 0, bufferedBytes: 0, partitionCount: 0 })
  expect(run.rig.memory.usedBytes).toBe(0)
  if (run.put.length > 0) expect(run.rig.position).toEqual({ shard: String(run.put.length) })
}

/** Records of an object, each of which ends with a bar. */
function recordsIn(text: string): readonly string[] {
  return text
    .split('|')
    .slice(0, -1)
    .map((record) => `${record}|`)
}

const partitioned: DeliveryConfiguration = {
  source: { kind: 'direct' },
  processing: { query: '{key}' },
  destination: {
    kind: 'objects',
    target: { ...target, buffering: { bytes: 4 * KiB, ms: hintMs } },
    partitioned: true,
  },
}

/** In which order the records of each partition came first. */
function inOrder(delivered: readonly string[]): boolean {
  const last = new Map<string, number>()
  const seen = new Set<string>()
  for (const text of delivered) {
    if (seen.has(text)) continue
    seen.add(text)
    const partition = text[0] ?? ''
    if (numberOf(text) < (last.get(partition) ?? -1)) return false
    last.set(partition, numberOf(text))
  }
  return true
}

describe('whatever a destination does', () => {
  it('objects hold every record, at most as large as the hint', async () => {
    await fc.assert(
      fc.asyncProperty(steps(['take', 'take', 'fail', 'hang']), async (script) => {
        await using rig = new DeliveryRig({
          configuration: partitioned,
          processor: sorting,
          memoryBytes: 96 * KiB,
        })
        const run = new Run(rig)
        await rig.start()
        for (const step of script) {
          await run.do(step)
          // Two buffers a partition and two of lines, and the batch in hand.
          expect(rig.delivery.stats().bufferedBytes).toBeLessThanOrEqual(
            2 * 4 * (4 * KiB + 3100) + 4 * 8 * KiB,
          )
        }
        await run.end()
        const failed = rig.objects.failed('landing').map((line) => atob(String(line['rawData'])))
        const objects = rig.objects.in('landing')
        for (const text of objects) {
          const records = recordsIn(text)
          if (records.length > 1) expect(text.length).toBeLessThanOrEqual(4 * KiB)
          expect(new Set(records.map((record) => record[0])).size).toBe(1)
          expect(inOrder(records)).toBe(true)
        }
        verify(run, [...objects.flatMap(recordsIn), ...failed])
        // Whatever else is in the error output was tried for a day.
        if (rig.clock.monotonicMs() < 24 * hourMs) expect(failed.every(isBad)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('records come in order, those that failed too long in the error output', async () => {
    await fc.assert(
      fc.asyncProperty(steps(['take', 'take', 'fail', 'hang', 'half']), async (script) => {
        await using rig = new DeliveryRig({ configuration: toFunction, memoryBytes: 96 * KiB })
        const run = new Run(rig)
        await rig.start()
        for (const step of script) await run.do(step)
        await run.end()
        const failed = rig.objects.failed('backup').map((line) => atob(String(line['rawData'])))
        verify(run, [...rig.receiver.received, ...failed])
        expect(run.mayRepeat || inOrder(rig.receiver.received)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })
})
