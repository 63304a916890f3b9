import { claimedBy } from '../aws/kinesis/shard-token.ts'
import type { InterceptedCall } from '../aws/interception.ts'

/** What a call of the AWS layer is about, as far as its input says so. */
export interface CallFacts {
  readonly service: 'kinesis' | 'firehose'
  /** Such as `PutRecords`. */
  readonly operation: string
  /** Of Firehose, the delivery stream. */
  readonly stream: string | undefined
  readonly shardId: string | undefined
  /** Of `SubscribeToShard`. */
  readonly consumer: string | undefined
}

/** What names something, of the inputs of all operations. */
interface Names {
  readonly DeliveryStreamName?: string
  readonly StreamName?: string
  readonly StreamARN?: string
  readonly ConsumerARN?: string
  readonly ShardId?: string
  readonly ShardIterator?: string
}

/** Reads off a call what it is about. */
export function callFacts({ service, operation, input }: InterceptedCall): CallFacts {
  const names = (input ?? {}) as Names
  const claimed = names.ShardIterator === undefined ? undefined : claimedBy(names.ShardIterator)
  const arn = names.StreamARN ?? names.ConsumerARN ?? ''
  return {
    service,
    operation,
    stream:
      names.StreamName ??
      names.DeliveryStreamName ??
      claimed?.streamName ??
      /:stream\/([^/]+)/.exec(arn)?.[1],
    shardId: names.ShardId ?? claimed?.shardId,
    consumer: /\/consumer\/([^:]+)/.exec(names.ConsumerARN ?? '')?.[1],
  }
}
