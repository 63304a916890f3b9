import type { StreamKey } from '../../meta/commands.ts'
import { streamArn } from '../../streams/stream-arn.ts'
import type { ConsumerDescription } from '../../streams/consumers.ts'
import type { Stream } from '../../streams/stream.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { invalidArgumentFault, notFoundFault } from '../wire/fault.ts'
import type { Call } from './call.ts'
import { keyInArn, streamOfTarget } from './stream-target.ts'

/** How an input names a consumer: by its ARN, or by its stream and its name. */
export interface ConsumerTarget {
  readonly StreamARN?: string
  readonly ConsumerName?: string
  readonly ConsumerARN?: string
  /** In the model, and explained nowhere: refused by name. */
  readonly StreamId?: string
}

/** A consumer that an input names, and its stream. */
export interface FoundConsumer {
  readonly stream: Stream
  readonly core: StreamCore
  readonly consumer: ConsumerDescription
}

const consumerPart = /^(.*)\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+$/

/** The stream of the consumer that an ARN names; `undefined` if it is not that of a consumer. */
export function keyInConsumerArn(arn: string): StreamKey | undefined {
  const stream = consumerPart.exec(arn)?.[1]
  return stream === undefined ? undefined : keyInArn(stream)
}

/** The consumer that an input names. @throws `InvalidArgumentException`, `ResourceNotFoundException` */
export function consumerOf(target: ConsumerTarget, call: Call): FoundConsumer {
  const { StreamARN, ConsumerName: name, ConsumerARN: arn, StreamId } = target
  const key = arn === undefined ? undefined : keyInConsumerArn(arn)
  if (arn !== undefined && key === undefined) throw notFoundFault(`Consumer ${arn} not found.`)
  const stream = key === undefined ? StreamARN : streamArn(key)
  const nameOrArn = arn ?? name
  if (stream === undefined || nameOrArn === undefined) {
    throw invalidArgumentFault('Either ConsumerARN, or StreamARN and ConsumerName, must be provided.')
  }
  const found = streamOfTarget({ StreamARN: stream, ...(StreamId === undefined ? {} : { StreamId }) }, call)
  const consumer = found.stream.consumers.get(nameOrArn)
  if (name !== undefined && name !== consumer.name) {
    throw invalidArgumentFault(
      `ConsumerName ${name} and ConsumerARN ${consumer.arn} name different consumers.`,
    )
  }
  if (StreamARN !== undefined && StreamARN !== consumer.streamArn) {
    throw invalidArgumentFault(
      `StreamARN ${StreamARN} and ConsumerARN ${consumer.arn} name different streams.`,
    )
  }
  return { ...found, consumer }
}

/** A consumer as listings have it. */
export function consumerOutput(consumer: ConsumerDescription): Readonly<Record<string, unknown>> {
  const { name, arn, status, createdAtMs } = consumer
  return {
    ConsumerName: name,
    ConsumerARN: arn,
    ConsumerStatus: status,
    ConsumerCreationTimestamp: createdAtMs,
  }
}
