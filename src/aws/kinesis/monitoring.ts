import type { ShardMetricName } from '../../streams/metric-names.ts'
import type { MonitoringChange } from '../../streams/settings.ts'
import type { Stream } from '../../streams/stream.ts'
import type { StreamTarget } from './stream-target.ts'

/** What both operations about metrics are given. */
export interface MetricsInput extends StreamTarget {
  readonly ShardLevelMetrics: readonly (ShardMetricName | 'ALL')[]
}

/** What both operations about metrics answer. */
export function monitoringOutput(
  stream: Stream,
  { before, after }: MonitoringChange,
): Readonly<Record<string, unknown>> {
  return {
    StreamName: stream.name,
    CurrentShardLevelMetrics: before,
    DesiredShardLevelMetrics: after,
    StreamARN: stream.arn,
  }
}
