import { KiB } from '../../../units.ts'
import type { Operation } from '../call.ts'
import { channelsFrom } from '../channel/target.ts'
import { streamOutput, warmThroughputOutput } from '../stream-output.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

/** A stream without its shards. */
export const describeStreamSummary: Operation = {
  name: 'DescribeStreamSummary',
  run(input: StreamTarget, call) {
    const { stream: found, core } = streamOfTarget(input, call)
    const stream = found.describe()
    return {
      StreamDescriptionSummary: {
        ...streamOutput(stream),
        OpenShardCount: stream.status === 'CREATING' ? 0 : stream.shardCount,
        ConsumerCount: stream.consumerCount,
        WarmThroughput: warmThroughputOutput(stream),
        MaxRecordSizeInKiB: Math.floor(stream.maxRecordBytes / KiB),
        ChannelCount: channelsFrom(stream.arn, core.state.key, call).length,
        RecordDistributionStrategy: stream.distribution,
      },
    }
  },
}
