import type { Operation } from '../call.ts'
import { type MetricsInput, monitoringOutput } from '../monitoring.ts'
import { streamOfTarget } from '../stream-target.ts'

/** Keeps fewer metrics for each shard. */
export const disableEnhancedMonitoring: Operation = {
  name: 'DisableEnhancedMonitoring',
  async run(input: MetricsInput, call) {
    const { stream } = streamOfTarget(input, call)
    return monitoringOutput(stream, await stream.settings.disableMonitoring(input.ShardLevelMetrics))
  },
}
