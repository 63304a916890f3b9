import { describe, expect, it, vi } from 'vitest'
import type { TransformConfiguration } from '../../../src/firehose/configuration.ts'
import type {
  FirehoseOptions,
  TransformEvent,
  TransformFunction,
} from '../../../src/firehose/firehose-options.ts'
import type { StepResult } from '../../../src/firehose/processing/step.ts'
import { TransformStep } from '../../../src/firehose/processing/transform.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { never, record, textsOf } from './delivery-records.ts'

const name = 'arn:aws:lambda:us-east-1:000000000000:function:shout'
const arn = 'arn:aws:firehose:us-east-1:000000000000:deliverystream/clicks'
const source = 'arn:aws:kinesis:us-east-1:000000000000:stream/clicks'

/** What a function answers that changes nothing. */
function same(event: TransformEvent): ReturnType<TransformFunction> {
  return { records: event.records.map(({ recordId, data }) => ({ recordId, result: 'Ok', data })) }
}

/** As `same`, but empties what it was given. */
function vandal(event: TransformEvent): ReturnType<TransformFunction> {
  const answer = same(event)
  ;(event.records as unknown[]).length = 0
  return answer
}

interface Set {
  readonly clock?: ManualClock
  readonly options?: FirehoseOptions
  readonly configuration?: Partial<TransformConfiguration>
  readonly sourceStreamArn?: string
}

function step(
  transform: TransformFunction,
  { clock, options, configuration, sourceStreamArn }: Set = {},
): TransformStep {
  let ids = 0
  return new TransformStep(
    { function: name, retries: 3, bufferBytes: 1_000_000, bufferMs: 60_000, ...configuration },
    {
      options: options ?? { functions: { [name]: transform } },
      clock: clock ?? new ManualClock(),
      deliveryStreamArn: arn,
      region: 'us-east-1',
      sourceStreamArn,
      uuid: () => `id-${(ids += 1)}`,
    },
  )
}

function codesOf({ failed }: StepResult): readonly string[] {
  return failed.map(({ code }) => code)
}

describe('a transformation', () => {
  it('is handed the event of the service', async () => {
    const transform = vi.fn<TransformFunction>(same)
    const origin = { shardId: 'shardId-0', partitionKey: 'p', sequenceNumber: '49', subsequenceNumber: 2 }
    await step(transform, { sourceStreamArn: source }).apply([record('x', 5, origin)], never)
    expect(transform.mock.calls).toEqual([
      [
        {
          invocationId: 'id-1',
          deliveryStreamArn: arn,
          region: 'us-east-1',
          sourceKinesisStreamArn: source,
          records: [
            {
              recordId: 'id-1-0',
              approximateArrivalTimestamp: 5,
              data: 'eA==',
              kinesisRecordMetadata: { ...origin, approximateArrivalTimestamp: 5 },
            },
          ],
        },
      ],
    ])
  })

  it('says nothing of a stream for records that were put directly', async () => {
    const transform = vi.fn<TransformFunction>(same)
    await step(transform).apply([record('x')], never)
    const [event] = transform.mock.calls[0] ?? []
    expect(event).not.toHaveProperty('sourceKinesisStreamArn')
    expect(event?.records[0]).not.toHaveProperty('kinesisRecordMetadata')
  })

  it('lets records go on as what it answers, drops some, and fails some as they came', async () => {
    const shout = step((event) => ({
      records: event.records.map(({ recordId, data }) => {
        const text = Buffer.from(data, 'base64').toString()
        if (text === 'drop') return { recordId, result: 'Dropped' }
        if (text === 'fail') return { recordId, result: 'ProcessingFailed', data: 'AAAA' }
        const metadata = { partitionKeys: { initial: text.slice(0, 1) } }
        return { recordId, result: 'Ok', data: Buffer.from(text.toUpperCase()).toString('base64'), metadata }
      }),
    }))
    const failing = record('fail', 3)
    const result = await shout.apply([record('one', 1), record('drop', 2), failing, record('two', 4)], never)
    expect(textsOf(result.records)).toEqual(['ONE', 'TWO'])
    expect(result.records.map(({ arrivedAtMs, keys }) => [arrivedAtMs, keys])).toEqual([
      [1, { query: {}, lambda: { initial: 'o' } }],
      [4, { query: {}, lambda: { initial: 't' } }],
    ])
    expect(result.dropped).toBe(1)
    expect(result.failed).toEqual([
      {
        record: failing,
        type: 'processing-failed',
        code: 'Lambda.ProcessingFailedStatus',
        message: 'ProcessingFailed status set for record',
        attempts: 1,
        lambdaArn: name,
      },
    ])
  })

  it('is called with records of up to the buffer at a time, in order', async () => {
    const transform = vi.fn<TransformFunction>(same)
    const records = Array.from({ length: 7 }, (_, index) => record(`${index}`.repeat(100)))
    const shift = step(transform, { configuration: { bufferBytes: 300 } })
    const result = await shift.apply([...records, record('x'.repeat(1000))], never)
    expect(transform.mock.calls.map(([event]) => event.records.length)).toEqual([3, 3, 1, 1])
    expect(textsOf(result.records.slice(0, 7))).toEqual(textsOf(records))
  })

  it('is called with requests of up to 6 MB', async () => {
    const bytes: number[] = []
    const transform: TransformFunction = (event) => {
      bytes.push(Buffer.byteLength(JSON.stringify(event)))
      return { records: event.records.map(({ recordId }) => ({ recordId, result: 'Dropped' })) }
    }
    const big = step(transform, { configuration: { bufferBytes: 100_000_000 } })
    const records = Array.from({ length: 60 }, () => record(Buffer.alloc(200_000)))
    expect(await big.apply(records, never)).toMatchObject({ dropped: 60, failed: [] })
    const many = Array.from({ length: 70_000 }, () => record('x'))
    expect(await big.apply(many, never)).toMatchObject({ dropped: 70_000, failed: [] })
    expect(Math.max(...bytes)).toBeLessThanOrEqual(6 * 1024 * 1024)
    expect(Math.max(...bytes)).toBeGreaterThan(5.5 * 1024 * 1024)
  })

  it('fails a record that is too large for a request, and no other', async () => {
    const result = await step(same).apply([record('a'), record(Buffer.alloc(5_000_000)), record('b')], never)
    expect(textsOf(result.records)).toEqual(['a', 'b'])
    expect(codesOf(result)).toEqual(['Lambda.FunctionError'])
  })

  it('fails the records when its answer is larger than 6 MB', async () => {
    const huge = Buffer.alloc(5_000_000).toString('base64')
    const transform = vi.fn<TransformFunction>((event) => ({
      records: event.records.map(({ recordId }) => ({ recordId, result: 'Ok', data: huge })),
    }))
    const result = await step(transform).apply([record('a')], never)
    expect(result.failed).toMatchObject([{ code: 'Lambda.FunctionError', attempts: 1 }])
    expect(transform).toHaveBeenCalledTimes(1)
  })

  it('is called again when it fails, at growing intervals of the clock', async () => {
    const clock = new ManualClock()
    const calledAtMs: number[] = []
    const transform: TransformFunction = (event) => {
      calledAtMs.push(clock.monotonicMs())
      if (calledAtMs.length < 4) throw new Error('not yet')
      return same(event)
    }
    const applied = step(transform, { clock }).apply([record('a')], never)
    await clock.advance(10_000)
    expect(textsOf((await applied).records)).toEqual(['a'])
    expect(calledAtMs).toEqual([0, 100, 300, 700])
  })

  it('fails its records when it has failed as often as it may, and the next call is made', async () => {
    const clock = new ManualClock()
    const transform = vi.fn<TransformFunction>(async (event) => {
      if (event.records[0]?.data === 'YQ==') throw new Error('no')
      return same(event)
    })
    const configuration = { retries: 1, bufferBytes: 1 }
    const applied = step(transform, { clock, configuration }).apply([record('a'), record('b')], never)
    await clock.advance(10_000)
    const result = await applied
    expect(result.failed).toMatchObject([
      { code: 'Lambda.FunctionError', message: 'The function failed: no', attempts: 2 },
    ])
    expect(textsOf(result.records)).toEqual(['b'])
    expect(transform).toHaveBeenCalledTimes(3)
  })

  it('is given up after 5 minutes of the clock, whatever it answers later', async () => {
    const clock = new ManualClock()
    const ends: ((reason: Error) => void)[] = []
    const late = new Promise<never>((_resolve, reject) => ends.push(reject))
    const applied = step(() => late, { clock, configuration: { retries: 0 } }).apply([record('a')], never)
    let settled = false
    void applied.then(() => (settled = true))
    await clock.advance(299_999)
    expect(settled).toBe(false)
    await clock.advance(1)
    expect(codesOf(await applied)).toEqual(['Lambda.FunctionTimedOut'])
    ends[0]?.(new Error('too late for anybody'))
  })

  it.each([
    ['nothing', undefined],
    ['a number', 5],
    ['what cannot be JSON', () => {}],
    ['an object of traps', new Proxy({}, { get: () => 5 })],
  ])('fails its records when it answers %s', async (_what, answer) => {
    const result = await step(() => answer as never, { configuration: { retries: 0 } }).apply(
      [record('a')],
      never,
    )
    expect(result.failed).toHaveLength(1)
    expect(codesOf(result)[0]).toMatch(/^Lambda\./)
  })

  it('fails its records when it answers what has no end', async () => {
    const endless: { self?: unknown } = {}
    endless.self = endless
    const result = await step(() => endless as never, { configuration: { retries: 0 } }).apply(
      [record('a')],
      never,
    )
    expect(codesOf(result)).toEqual(['Lambda.FunctionError'])
  })

  it('may change its event without harm', async () => {
    expect(textsOf((await step(vandal).apply([record('a')], never)).records)).toEqual(['a'])
  })

  it('ends with its signal, in a call and between two', async () => {
    const abort = new AbortController()
    const clock = new ManualClock()
    const waits = step(() => new Promise(() => {}), { clock }).apply([record('a')], abort.signal)
    const failing = step(() => Promise.reject(new Error('no')), { clock }).apply([record('a')], abort.signal)
    const ends = [waits, failing].map((each) => expect(each).rejects.toThrow('enough'))
    await clock.advance(50)
    abort.abort(new Error('enough'))
    await Promise.all(ends)
  })

  it('fails its records when there is no such function', async () => {
    for (const functions of [{}, { other: same }]) {
      const result = await step(same, { options: { functions } }).apply([record('a')], never)
      expect(result.failed).toMatchObject([{ code: 'Lambda.ResourceNotFound', attempts: 1 }])
    }
    const inherited = step(same, { options: { functions: {} }, configuration: { function: 'toString' } })
    expect(codesOf(await inherited.apply([record('a')], never))).toEqual(['Lambda.ResourceNotFound'])
  })
})
