import type { Subscription, SubscriptionEvent } from '../../../streams/subscription.ts'
import { notFoundFault } from '../../wire/fault.ts'
import type { ServiceEvent } from '../../wire/service.ts'
import type { Operation } from '../call.ts'
import { childShardsOutput } from '../child-shards.ts'
import { consumerOf } from '../consumer-target.ts'
import { refuseDryRun } from '../dry-run.ts'
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
    refuseDryRun(input.DryRun)
    try {
      const subscription = await core.subscriptions.open(shard, { consumer, start, signal: call.signal })
      return { EventStream: new EventSource(subscription) }
    } catch (error) {
      throw positionFault(error, 'SubscribeToShard', position, core, shard.id)
    }
  },
}

/** The events of a subscription, which begins with the call and not with the first look at it. */
class EventSource implements AsyncIterable<ServiceEvent> {
  readonly #subscription: Subscription

  constructor(subscription: Subscription) {
    this.#subscription = subscription
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ServiceEvent, void, undefined> {
    const subscription = this.#subscription
    try {
      for await (const event of subscription) {
        yield { type: 'SubscribeToShardEvent', event: outputOf(event) }
        // Whoever asks for the next one has written this one.
        event.release()
      }
    } finally {
      await subscription.return()
    }
    if (subscription.end === 'deregistered') {
      throw notFoundFault('The consumer was deregistered while it was subscribed.')
    }
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
