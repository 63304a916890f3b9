import type { Operation } from '../call.ts'
import { channelsOf } from '../channel/target.ts'

/** What the caller's account has in the region, and what it may have. */
export const describeLimits: Operation = {
  name: 'DescribeLimits',
  run(_input: unknown, call) {
    const { openShards, shardLimit, onDemandStreams, onDemandStreamLimit } = call
      .within(call.account, call.region)
      .limits()
    return {
      ShardLimit: shardLimit,
      OpenShardCount: openShards,
      OnDemandStreamCount: onDemandStreams,
      OnDemandStreamCountLimit: onDemandStreamLimit,
      ChannelCount: channelsOf(call, call).length,
      // One of each on-demand stream, as channels deliver to S3 only.
      ChannelCountLimit: onDemandStreamLimit,
    }
  },
}
