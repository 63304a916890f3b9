import type { Distribution } from '../../../streams/stream-mode.ts'
import type { Operation } from '../call.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly RecordDistributionStrategy: Distribution
}

/** Sets whether a record's key decides its shard. */
export const updateStreamRecordDistributionStrategy: Operation = {
  name: 'UpdateStreamRecordDistributionStrategy',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    await stream.settings.setDistribution(input.RecordDistributionStrategy)
  },
}
