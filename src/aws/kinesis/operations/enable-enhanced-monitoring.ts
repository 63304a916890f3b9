import type { Operation } from '../call.ts'
import { type MetricsInput, monitoringOutput } from '../monitoring.ts'
import { streamOfTarget } from '../stream-target.ts'

/** Keeps more metrics for each shard. */
export const enableEnhancedMonitoring: Operation = {
  name: 'EnableEnhancedMonitoring',
  async run(input: MetricsInput, call) {
    const { stream } = streamOfTarget(input, call)
    return monitoringOutput(stream, await stream.settings.enableMonitoring(input.ShardLevelMetrics))
  },
}
