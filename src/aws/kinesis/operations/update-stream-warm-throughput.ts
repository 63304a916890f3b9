import type { Operation } from '../call.ts'
import { warmThroughputOutput } from '../stream-output.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly WarmThroughputMiBps: number
}

/** Sets the throughput that a stream on demand is to be ready for. */
export const updateStreamWarmThroughput: Operation = {
  name: 'UpdateStreamWarmThroughput',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    await stream.settings.setWarmThroughput(input.WarmThroughputMiBps)
    return {
      StreamARN: stream.arn,
      StreamName: stream.name,
      WarmThroughput: warmThroughputOutput(stream.describe()),
    }
  },
}
