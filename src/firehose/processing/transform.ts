import type { Clock } from '../../clock.ts'
import { minuteMs } from '../../units.ts'
import type { TransformConfiguration } from '../configuration.ts'
import type { FailedRecord } from '../delivery-record.ts'
import type { FirehoseOptions, TransformEvent, TransformRecord } from '../firehose-options.ts'
import { type Invocation, InvocationError, invocationOf, payloadBytesMax } from './invocation.ts'
import { failedRecord, type PassingRecord, type Step, type StepResult } from './step.ts'
import { transformedBy } from './transform-answer.ts'

/** How long a call may take (Firehose developer guide, "Data transformation"). Milliseconds of the store's clock. */
const callMs = 5 * minuteMs
/** The pause before a call is repeated begins with this and doubles. AWS does not say what it does. Milliseconds. */
const pauseFirstMs = 100
const pauseMaxMs = 10_000
/** What a request has beside its records, at most. Bytes. */
const envelopeBytesMax = 4096

/** Who transforms, and for whom. */
export interface TransformContext {
  readonly options: FirehoseOptions
  readonly clock: Clock
  readonly deliveryStreamArn: string
  readonly region: string
  /** Of a delivery stream that reads from one. */
  readonly sourceStreamArn?: string | undefined
  /** Names invocations. */
  readonly uuid: () => string
}

/** Records of one call. */
interface Call {
  readonly records: readonly PassingRecord[]
  readonly event: TransformEvent
}

/**
 * Records are handed to a function and go on as what it answers. Calls come one after the other, each with records of up to
 * `bufferBytes` and a request of at most 6 MB, out of what one call of the processor brings: a `GatheredSource` has waited
 * for `bufferMs` or `bufferBytes` already.
 *
 * A call that fails is repeated, with pauses on the store's clock from 100 ms to 10 s. One that fails for good, takes longer
 * than 5 minutes, or is answered with something else than the contract says, fails its records.
 */
export class TransformStep implements Step {
  readonly #configuration: TransformConfiguration
  readonly #context: TransformContext
  readonly #invoke: Invocation

  constructor(configuration: TransformConfiguration, context: TransformContext) {
    this.#configuration = configuration
    this.#context = context
    this.#invoke = invocationOf(configuration.function, context.options)
  }

  async apply(records: readonly PassingRecord[], signal: AbortSignal): Promise<StepResult> {
    const passed: PassingRecord[] = []
    const failed: FailedRecord[] = []
    let dropped = 0
    for (const call of this.#calls(records, failed)) {
      const result = await this.#made(call, signal)
      for (const each of result.records) passed.push(each)
      for (const each of result.failed) failed.push(each)
      dropped += result.dropped
    }
    return { records: passed, failed, dropped }
  }

  /** A record that is too large for any request fails. */
  *#calls(records: readonly PassingRecord[], failed: FailedRecord[]): Generator<Call> {
    let call = this.#begun()
    for (const record of records) {
      let added = call.add(record)
      if (added === 'full') {
        yield call.done()
        call = this.#begun()
        added = call.add(record)
      }
      if (added !== 'added') failed.push(this.#failed(record, tooLarge, 1))
    }
    if (call.count > 0) yield call.done()
  }

  #begun(): CallBuilder {
    return new CallBuilder(this.#context, this.#configuration.bufferBytes)
  }

  async #made({ records, event }: Call, signal: AbortSignal): Promise<StepResult> {
    const { answer, attempts } = await this.#answer(event, signal)
    if (answer instanceof InvocationError) {
      const failed = records.map((record) => this.#failed(record, answer, attempts))
      return { records: [], failed, dropped: 0 }
    }
    const ids = event.records.map(({ recordId }) => recordId)
    const passed: PassingRecord[] = []
    const failed: FailedRecord[] = []
    for (const [index, each] of transformedBy(answer, ids).entries()) {
      const record = records[index] as PassingRecord
      if (each.result === 'Failed') {
        failed.push(this.#failed(record, each.fault, attempts))
      } else if (each.result === 'Ok') {
        const keys = { query: {}, lambda: each.keys }
        const { arrivedAtMs, origin } = record
        passed.push({ data: each.data, arrivedAtMs, origin, keys, before: record })
      }
    }
    return { records: passed, failed, dropped: records.length - passed.length - failed.length }
  }

  async #answer(
    event: TransformEvent,
    signal: AbortSignal,
  ): Promise<{ readonly answer: string | InvocationError; readonly attempts: number }> {
    for (let attempts = 1; ; attempts++) {
      try {
        return { answer: await this.#called(event, signal), attempts }
      } catch (error) {
        signal.throwIfAborted()
        if (!(error instanceof InvocationError)) throw error
        if (!error.again || attempts > this.#configuration.retries) return { answer: error, attempts }
      }
      await pause(this.#context.clock, Math.min(pauseMaxMs, pauseFirstMs * 2 ** (attempts - 1)), signal)
    }
  }

  /** One call, given up when it takes too long: what it answers later is not heard. */
  async #called(event: TransformEvent, signal: AbortSignal): Promise<string> {
    const limit = new AbortController()
    const ended = AbortSignal.any([signal, limit.signal])
    const late = new InvocationError(
      'Lambda.FunctionTimedOut',
      'The function did not answer within 5 minutes',
      true,
    )
    const cancel = this.#context.clock.after(callMs, () => limit.abort(late))
    try {
      return await unlessAborted(this.#invoke(event, ended), ended)
    } finally {
      cancel()
    }
  }

  #failed(record: PassingRecord, fault: { code: string; message: string }, attempts: number): FailedRecord {
    return failedRecord(record, fault, { attempts, lambdaArn: this.#configuration.function })
  }
}

const tooLarge = {
  code: 'Lambda.FunctionError',
  message: `The record alone makes a request of more than ${payloadBytesMax} bytes`,
}

/** Gathers the records of a call. */
class CallBuilder {
  readonly #context: TransformContext
  readonly #bufferBytes: number
  readonly #invocationId: string
  readonly #records: PassingRecord[] = []
  readonly #events: TransformRecord[] = []
  /** Of the data. */
  #bytes = 0
  /** Of the request. */
  #payloadBytes = envelopeBytesMax

  constructor(context: TransformContext, bufferBytes: number) {
    this.#context = context
    this.#bufferBytes = bufferBytes
    this.#invocationId = context.uuid()
  }

  get count(): number {
    return this.#records.length
  }

  /** `full`: it has to be the first of the next call. `too large`: it would be even there. */
  add(record: PassingRecord): 'added' | 'full' | 'too large' {
    const alone = this.count === 0
    if (!alone && this.#bytes + record.data.length > this.#bufferBytes) return 'full'
    const event = this.#eventOf(record)
    const bytes = Buffer.byteLength(JSON.stringify(event)) + 1
    if (this.#payloadBytes + bytes > payloadBytesMax) return alone ? 'too large' : 'full'
    this.#records.push(record)
    this.#events.push(event)
    this.#bytes += record.data.length
    this.#payloadBytes += bytes
    return 'added'
  }

  done(): Call {
    const { deliveryStreamArn, region, sourceStreamArn } = this.#context
    const source = sourceStreamArn === undefined ? {} : { sourceKinesisStreamArn: sourceStreamArn }
    const invocationId = this.#invocationId
    const event = { invocationId, deliveryStreamArn, region, ...source, records: this.#events }
    return { records: this.#records, event }
  }

  #eventOf({ data, arrivedAtMs, origin }: PassingRecord): TransformRecord {
    const event = {
      recordId: `${this.#invocationId}-${this.count}`,
      approximateArrivalTimestamp: arrivedAtMs,
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    }
    if (origin === undefined) return event
    return { ...event, kinesisRecordMetadata: { ...origin, approximateArrivalTimestamp: arrivedAtMs } }
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      cancel()
      reject(signal.reason as Error)
    }
    const cancel = clock.after(ms, () => {
      signal.removeEventListener('abort', aborted)
      resolve()
    })
    signal.addEventListener('abort', aborted, { once: true })
  })
}

/** Settles as `work` does, or with the signal's reason. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error)
    if (signal.aborted) aborted()
    signal.addEventListener('abort', aborted, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted))
  })
}
