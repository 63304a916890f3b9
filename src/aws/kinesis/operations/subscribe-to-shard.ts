import type { Subscription } from '../../../streams/subscription.ts'
import type { SubscriptionEvent } from '../../../streams/subscription-event.ts'
import { notFoundFault } from '../../wire/fault.ts'
import type { ServiceEvent } from '../../wire/service.ts'
import { ServiceEnd } from '../../wire/service-end.ts'
import type { Call, Operation } from '../call.ts'
import { childShardsOutput } from '../child-shards.ts'
import { consumerOf } from '../consumer-target.ts'
import { refuseDryRun } from '../dry-run.ts'
import { ageMsOf } from '../record-age.ts'
import { recordsOf } from '../record-output.ts'
import { shardOf } from '../shard-target.ts'
import { type IteratorType, type Position, positionFault, startOf } from '../start-position.ts'

interface Input {
  readonly ConsumerARN: string
  readonly StreamId?: string
  readonly ShardId: string
  readonly StartingPosition: {
    readonly Type: IteratorType
    readonly SequenceNumber?: string
    readonly Timestamp?: number
  }
  readonly DryRun?: boolean
}

/** Pushes the records of a shard to a consumer, for five minutes. */
export const subscribeToShard: Operation = {
  name: 'SubscribeToShard',
  async run(input: Input, call) {
    const { ConsumerARN, StreamId, StartingPosition } = input
    const target = StreamId === undefined ? { ConsumerARN } : { ConsumerARN, StreamId }
    const { stream, core } = consumerOf(target, call)
    const consumer = stream.consumers.requireActive(ConsumerARN).arn
    const shard = shardOf(core, input.ShardId)
    const { Type: type, SequenceNumber: sequence, Timestamp: timestamp } = StartingPosition
    const position: Position = { type, sequence, timestamp }
    const start = startOf(position, call.nowMs)
    const gone = new AbortController()
    const asked = { consumer, start, signal: gone.signal }
    try {
      if (input.DryRun === true) await core.subscriptions.judge(shard, asked)
      refuseDryRun(input.DryRun)
      const subscription = await core.subscriptions.open(shard, asked)
      endWith(call.waiting?.signal, subscription, gone)
      return { EventStream: new EventSource(subscription, call) }
    } catch (error) {
      throw positionFault(error, 'SubscribeToShard', position, core, shard.id)
    }
  },
}

/** A service that ends concludes the subscription; a client that goes away ends it. */
function endWith(signal: AbortSignal | undefined, subscription: Subscription, gone: AbortController): void {
  if (signal === undefined) return
  const end = (): void => {
    if (signal.reason instanceof ServiceEnd) subscription.conclude()
    else gone.abort(signal.reason)
  }
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
}

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** The events of a subscription, which begins with the call and not with the first look at it. */
class EventSource implements AsyncIterableIterator<ServiceEvent, undefined> {
  readonly #subscription: Subscription
  readonly #call: Call
  /** Whoever asks for the next one has written this one. */
  #given: SubscriptionEvent | undefined

  constructor(subscription: Subscription, call: Call) {
    this.#subscription = subscription
    this.#call = call
  }

  async next(): Promise<IteratorResult<ServiceEvent, undefined>> {
    this.#given?.release()
    const subscription = this.#subscription
    const { value: event } = await subscription.next()
    this.#given = event
    if (event === undefined) {
      if (subscription.end === 'deregistered') {
        throw notFoundFault('The consumer was deregistered while it was subscribed.')
      }
      return over
    }
    this.#tell(event)
    return { done: false, value: { type: 'SubscribeToShardEvent', event: outputOf(event) } }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#given?.release()
    this.#given = undefined
    await this.#subscription.return()
    return over
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #tell({ records, bytes, millisBehindLatest, batches }: SubscriptionEvent): void {
    const { watcher, inside } = this.#call
    watcher?.read(records, bytes, millisBehindLatest, ageMsOf(batches, inside.time.nowMs()))
  }
}

function outputOf(event: SubscriptionEvent): Readonly<Record<string, unknown>> {
  const { batches, continuationSequenceNumber, millisBehindLatest, childShards } = event
  return {
    Records: recordsOf(batches),
    ContinuationSequenceNumber: continuationSequenceNumber,
    MillisBehindLatest: millisBehindLatest,
    ChildShards: continuationSequenceNumber === undefined ? childShardsOutput(childShards) : undefined,
  }
}
