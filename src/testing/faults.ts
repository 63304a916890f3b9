import { operations as firehoseOperations } from '../aws/firehose/operations.ts'
import { type InterceptedCall, interceptCalls } from '../aws/interception.ts'
import { operations } from '../aws/kinesis/operations.ts'
import { throttledText } from '../aws/kinesis/refusal.ts'
import { expiredIterator, iteratorLifeMs } from '../aws/kinesis/shard-token.ts'
import { Fault } from '../aws/wire/fault.ts'
import { invalidArgument } from '../errors.ts'
import { requireInteger, requireMatch, requireOneOf, requireOptions } from '../options.ts'
import { insideOf, type Store, type StoreInside } from '../streams/store.ts'
import type { StreamCore } from '../streams/stream-core.ts'
import { callFacts, type CallFacts } from './call-facts.ts'
import { DroppableEvents } from './droppable-events.ts'
import { type EntryFailure, FaultGate, throttled } from './fault-gate.ts'
import { FaultScript, type FaultTiming, faultTimingKeys, type ScriptedFault } from './fault-script.ts'
import { type Duration, durationMs, type ManualClock } from './manual-clock.ts'
import { SeededRandom } from './seeded-random.ts'

/** Which calls of the AWS layer a fault is for: all that have what it names. */
export interface CallFault extends FaultTiming {
  /** Two services have a `PutRecord`. @defaultValue both */
  readonly service?: 'kinesis' | 'firehose' | undefined
  /** Such as `PutRecords`. @defaultValue every operation */
  readonly operation?: string | undefined
  /** Name of a stream or delivery stream. @defaultValue every one, and none */
  readonly stream?: string | undefined
}

/** A fault of `failCalls`. */
export interface FailedCall extends CallFault {
  /** The error's name. @defaultValue 'InternalFailureException' */
  readonly type?: string | undefined
  /** HTTP status, 400 to 599. @defaultValue 500 of an internal failure, 400 of any other error */
  readonly status?: number | undefined
  /** @defaultValue 'Internal Service Failure', or the error's name */
  readonly message?: string | undefined
}

/** A fault of `throttle`. */
export interface ThrottledShard extends FaultTiming {
  /** Name of a stream. @defaultValue every stream */
  readonly stream?: string | undefined
  /** Such as `shardId-000000000002`. @defaultValue every shard */
  readonly shardId?: string | undefined
  /** Puts of the library and of the AWS layer, or `GetRecords`. @defaultValue both */
  readonly access?: 'put' | 'read' | undefined
}

/** A fault of `failEntry`. */
export interface FailedEntry extends FaultTiming {
  /** Which entry of a batch, from 0 on: 0 to 9,999,999. */
  readonly entry: number
  /** @defaultValue every stream */
  readonly stream?: string | undefined
  /**
   * `'failed'` is `ERR_MILLRACE_IO`, in the AWS layer `InternalFailure`; `'throttled'` is `ERR_MILLRACE_THROTTLED`, or
   * `ProvisionedThroughputExceededException`. @defaultValue 'failed'
   */
  readonly how?: 'failed' | 'throttled' | undefined
}

/** A fault of `delayAnswers`. */
export interface DelayedAnswer extends CallFault {
  /** Time of the store's clock. */
  readonly by: Duration
}

/** A fault of `expireIterators`. */
export interface ExpiredIterator extends FaultTiming {
  readonly stream?: string | undefined
  /** Such as `shardId-000000000002`. */
  readonly shardId?: string | undefined
}

/** A fault of `dropSubscriptions`. */
export interface DroppedSubscription extends FaultTiming {
  readonly stream?: string | undefined
  readonly shardId?: string | undefined
  /** Name of a registered consumer. */
  readonly consumer?: string | undefined
}

/** A subscription that goes on. */
interface OpenSubscription {
  readonly facts: CallFacts
  readonly events: DroppableEvents<unknown>
}

const entryMax = 9_999_999

const nameRule: readonly [RegExp, string] = [/^[\w.-]{1,128}$/, 'a name']
const shardIdRule: readonly [RegExp, string] = [/^shardId-\d{12}$/, 'an id such as shardId-000000000002']

const callKeys: readonly string[] = ['service', 'operation', 'stream', ...faultTimingKeys]

/**
 * Makes things go wrong as they do in production, when and as often as a test says. A fault happens once, at the next
 * occasion, unless its timing says otherwise; `probability` goes by the store's seed. Every method answers the fault, to
 * ask how often it has happened and to take it back.
 *
 * All methods throw `ERR_MILLRACE_INVALID_ARGUMENT` and `ERR_MILLRACE_UNKNOWN_OPTION`.
 */
export class Faults {
  readonly #inside: StoreInside
  readonly #clock: ManualClock
  readonly #failures: FaultScript<() => Fault>
  readonly #delays: FaultScript<number>
  readonly #expiries: FaultScript<true>
  readonly #drops: FaultScript<true>
  readonly #throttles: FaultScript<true>
  readonly #entries: FaultScript<EntryFailure>
  readonly #gates: WeakMap<StreamCore, FaultGate> = new WeakMap()
  readonly #subscriptions: Set<OpenSubscription> = new Set()
  /** Lets an answer go that is held back. */
  readonly #held: Set<() => void> = new Set()

  /** `testStore` makes these. */
  constructor(store: Store, clock: ManualClock, seed: number) {
    const random = new SeededRandom(seed)
    this.#clock = clock
    this.#failures = new FaultScript(random)
    this.#delays = new FaultScript(random)
    this.#expiries = new FaultScript(random)
    this.#drops = new FaultScript(random)
    this.#throttles = new FaultScript(random)
    this.#entries = new FaultScript(random)
    this.#inside = insideOf(store)
    this.#inside.gates.before = (core) => this.#gateOf(core)
    interceptCalls(store, (call, proceed) => this.#intercept(call, proceed))
  }

  /**
   * Calls through `awsRequestHandler` fail, with an internal failure (500) unless something else is asked for, and
   * nothing is done.
   *
   * ```ts
   * store.faults.failCalls({ operation: 'PutRecords', times: 2 })
   * ```
   */
  failCalls(fault: FailedCall = {}): ScriptedFault {
    requireOptions('failCalls', fault, [...callKeys, 'type', 'status', 'message'])
    const { type = 'InternalFailureException' } = fault
    const isOurs = type === 'InternalFailure' || type === 'InternalFailureException'
    const { status = isOurs ? 500 : 400, message = isOurs ? 'Internal Service Failure' : type } = fault
    requireMatch('type', type, /^[A-Za-z]{1,128}$/, 'the name of an error')
    requireMatch('message', message, /^/, 'a text')
    requireInteger('status', status, 400, 599)
    return this.#failures.add(whereOf(fault), () => new Fault(type, message, { status }), fault)
  }

  /**
   * A shard is throttled: a put, or all entries of a batch that go to it, fail with `ERR_MILLRACE_THROTTLED`, and so does
   * `GetRecords`. In the AWS layer that is a `ProvisionedThroughputExceededException`. Counted are batches, not entries.
   */
  throttle(fault: ThrottledShard = {}): ScriptedFault {
    requireOptions('throttle', fault, ['stream', 'shardId', 'access', ...faultTimingKeys])
    if (fault.access !== undefined) requireOneOf('access', fault.access, ['put', 'read'])
    return this.#throttles.add({ ...whereOf(fault), access: fault.access }, true, fault)
  }

  /**
   * One entry of the next batch that has so many is not stored, the others are; a single put is the entry 0 of its batch.
   *
   * ```ts
   * store.faults.failEntry({ entry: 3 })
   * ```
   */
  failEntry(fault: FailedEntry): ScriptedFault {
    requireOptions('failEntry', fault, ['entry', 'stream', 'how', ...faultTimingKeys])
    const entry = requireInteger('entry', fault.entry, 0, entryMax)
    const how = requireOneOf('how', fault.how ?? 'failed', ['failed', 'throttled'])
    return this.#entries.add({ ...whereOf(fault), entry }, how, fault)
  }

  /**
   * Answers to calls through `awsRequestHandler` come later: what they ask for is done at once, the answer waits until
   * somebody has advanced the store's clock so far.
   */
  delayAnswers(fault: DelayedAnswer): ScriptedFault {
    requireOptions('delayAnswers', fault, [...callKeys, 'by'])
    return this.#delays.add(whereOf(fault), durationMs(fault.by), fault)
  }

  /** `GetRecords` finds its iterator expired. */
  expireIterators(fault: ExpiredIterator = {}): ScriptedFault {
    requireOptions('expireIterators', fault, ['stream', 'shardId', ...faultTimingKeys])
    return this.#expiries.add(whereOf(fault), true, fault)
  }

  /**
   * Subscriptions (`SubscribeToShard`) end as if the connection was lost: those that are open now at once, later ones at
   * their first event. With `after`, events that come are what is counted.
   */
  dropSubscriptions(fault: DroppedSubscription = {}): ScriptedFault {
    requireOptions('dropSubscriptions', fault, ['stream', 'shardId', 'consumer', ...faultTimingKeys])
    const scripted = this.#drops.add(whereOf(fault), true, fault)
    if ((fault.after ?? 0) > 0) return scripted
    for (const { facts, events } of this.#subscriptions) if (this.#isDropped(facts)) events.drop()
    return scripted
  }

  /** Nothing goes wrong any more; answers that were held back come now. */
  clear(): void {
    const calls = [this.#failures, this.#delays, this.#expiries, this.#drops]
    for (const script of [...calls, this.#throttles, this.#entries]) script.clear()
    for (const release of this.#held) release()
  }

  /** Stands between the calls of the AWS layer and their operations. */
  async #intercept(call: InterceptedCall, proceed: () => Promise<unknown>): Promise<unknown> {
    const facts = callFacts(call)
    const failure = this.#failures.take({ ...facts })
    if (failure !== undefined) throw failure()
    if (facts.operation === 'GetRecords' && this.#expiries.take({ ...facts })) {
      const nowMs = this.#clock.nowMs()
      throw expiredIterator(nowMs - iteratorLifeMs - 1, nowMs)
    }
    if (facts.operation === 'GetRecords') this.#throttleRead(call, facts)
    const delayMs = this.#delays.take({ ...facts })
    // Of a call that fails, the failure is the answer.
    const outcome = await settledOutcome(proceed())
    if (delayMs !== undefined) await this.#pause(delayMs)
    if ('error' in outcome) throw outcome.error
    return facts.operation === 'SubscribeToShard' ? this.#droppable(outcome.value, facts) : outcome.value
  }

  #throttleRead({ account, region }: InterceptedCall, facts: CallFacts): void {
    const { stream, shardId } = facts
    if (stream === undefined || shardId === undefined) return
    if (!this.#throttles.take({ stream, shardId, access: 'read' })) return
    const core = this.#inside.core({ account, region, name: stream })
    const text = throttledText(throttled(core, shardId, 'GetRecords'), core.state.key)
    throw new Fault('ProvisionedThroughputExceededException', text ?? '')
  }

  /** Who stands before the logs of a stream, while anything is to happen there. */
  #gateOf(core: StreamCore): FaultGate | undefined {
    if (this.#throttles.idle && this.#entries.idle) return undefined
    let gate = this.#gates.get(core)
    if (gate === undefined) {
      gate = new FaultGate(core, { throttles: this.#throttles, entries: this.#entries })
      this.#gates.set(core, gate)
    }
    return gate
  }

  #droppable(output: unknown, facts: CallFacts): unknown {
    const { EventStream, ...others } = output as { readonly EventStream: AsyncIterable<unknown> }
    const events: DroppableEvents<unknown> = new DroppableEvents(
      EventStream,
      () => this.#isDropped(facts),
      () => this.#subscriptions.delete(subscription),
    )
    const subscription = { facts, events }
    this.#subscriptions.add(subscription)
    return { ...others, EventStream: events }
  }

  #isDropped(facts: CallFacts): boolean {
    return this.#drops.take({ ...facts }) === true
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const release = (): void => {
        cancel()
        this.#held.delete(release)
        resolve()
      }
      const cancel = this.#clock.after(ms, release)
      this.#held.add(release)
    })
  }
}

/** What a fault is for: what it names of these. */
function whereOf(fault: {
  readonly service?: unknown
  readonly operation?: unknown
  readonly stream?: unknown
  readonly shardId?: unknown
  readonly consumer?: unknown
}): Readonly<Record<string, string>> {
  const where: Record<string, string> = {}
  if (fault.service !== undefined)
    where['service'] = requireOneOf('service', fault.service, ['kinesis', 'firehose'])
  for (const fact of ['operation', 'stream', 'shardId', 'consumer'] as const) {
    const value = fault[fact]
    if (value === undefined) continue
    const [pattern, rule] = fact === 'shardId' ? shardIdRule : nameRule
    where[fact] = requireMatch(fact, value, pattern, rule)
    if (fact === 'operation' && !operations.has(where[fact]) && !firehoseOperations.has(where[fact]))
      throw invalidArgument(fact, value, 'an operation of Kinesis or Firehose, such as PutRecords')
  }
  return where
}

type Settled = { readonly value: unknown } | { readonly error: unknown }

async function settledOutcome(work: Promise<unknown>): Promise<Settled> {
  try {
    return { value: await work }
  } catch (error) {
    return { error }
  }
}
