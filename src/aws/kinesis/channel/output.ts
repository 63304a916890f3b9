import { channelArn, channelNameOf } from '../../../firehose/channel-key.ts'
import { deliveryStatus } from '../../../firehose/delivery-status.ts'
import type { DeliveryStreamState } from '../../../firehose/delivery-stream-state.ts'
import { defaultErrorPrefix } from '../../../firehose/naming/channel-naming.ts'
import { streamId } from '../../../meta/state.ts'
import type { Call } from '../call.ts'
import { keyInArn } from '../stream-target.ts'
import { type ChannelDocument, channelDocument } from './document.ts'

type Output = Readonly<Record<string, unknown>>

/** As AWS names them. */
export type ChannelStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING' | 'FAILED'

/** The status of a channel, and why it failed if it did. */
export function statusOf(state: DeliveryStreamState, call: Call): { status: ChannelStatus; reason?: string } {
  const status = deliveryStatus(state, call.inside.time.nowMs())
  if (status !== 'ACTIVE') return { status }
  const { stream, updatingUntilMs } = channelDocument(state)
  if (!isThere(stream, call)) return { status: 'FAILED', reason: `Stream ${stream.arn} was deleted.` }
  return { status: call.nowMs < updatingUntilMs ? 'UPDATING' : 'ACTIVE' }
}

/** Whether the stream is still the one that the channel was created for. */
function isThere({ arn, createdAtMs }: ChannelDocument['stream'], { inside }: Call): boolean {
  const key = keyInArn(arn)
  const found = key && inside.meta.state.streams.get(streamId(key))
  return found?.createdAtMs === createdAtMs
}

/** A channel as listings have it. */
export function channelSummary(state: DeliveryStreamState, call: Call): Output {
  const { stream } = channelDocument(state)
  return {
    ...named(state, call),
    ChannelDestinationType: 'S3',
    Streams: [{ StreamARN: stream.arn, StreamCreationTimestamp: stream.createdAtMs }],
  }
}

/** A channel with all it was told, and what AWS fills in. */
export function channelDescription(state: DeliveryStreamState, call: Call): Output {
  const { roleArn, stream, storage, freshnessSeconds, deadLetters, logging } = channelDocument(state)
  const name = channelNameOf(state.key.name)
  const { BucketARN, ExpectedBucketOwner } = deadLetters ?? storage
  const { CloudWatchLogs: logs } = logging
  const logNames = { LogGroupName: `/aws/kinesis/${name}/${state.id}`, LogStreamName: 'DestinationDelivery' }
  return {
    ...named(state, call),
    ServiceExecutionRoleARN: roleArn,
    StreamConfigurationList: [
      {
        StreamARN: stream.arn,
        StreamCreationTimestamp: stream.createdAtMs,
        RecordConfiguration: stream.record,
      },
    ],
    LoggingConfiguration: { CloudWatchLogs: logs.Enabled ? { ...logNames, ...logs } : logs },
    S3DestinationConfiguration: {
      DataFreshnessInSeconds: freshnessSeconds,
      DeadLetterQueueS3Configuration: {
        BucketARN,
        ExpectedBucketOwner,
        ErrorOutputPrefix: deadLetters?.ErrorOutputPrefix ?? defaultErrorPrefix({ name, id: state.id }),
      },
      StorageConfiguration: storage,
    },
  }
}

function named(state: DeliveryStreamState, call: Call): Output {
  const { status, reason } = statusOf(state, call)
  return {
    ChannelName: channelNameOf(state.key.name),
    ChannelARN: channelArn(state),
    ChannelId: state.id,
    ChannelStatus: status,
    ChannelStatusReason: reason,
    ChannelCreationTimestamp: state.createdAtMs,
  }
}
