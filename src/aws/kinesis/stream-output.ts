import type { StreamDescription } from '../../streams/description.ts'

/** What every description of a stream begins with. */
export function streamSummary(stream: StreamDescription): Readonly<Record<string, unknown>> {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: stream.status,
    StreamModeDetails: { StreamMode: stream.mode },
    StreamCreationTimestamp: stream.createdAtMs,
  }
}

/** What `DescribeStream` and `DescribeStreamSummary` both tell. */
export function streamOutput(stream: StreamDescription): Readonly<Record<string, unknown>> {
  return {
    ...streamSummary(stream),
    RetentionPeriodHours: stream.retentionHours,
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.monitoring }],
    EncryptionType: stream.encryptionType,
    KeyId: stream.kmsKeyId,
  }
}

/** The throughput that a stream is ready for; `undefined` if nobody set one. */
export function warmThroughputOutput({
  warmThroughput,
}: StreamDescription): Readonly<Record<string, unknown>> | undefined {
  if (warmThroughput === undefined) return undefined
  return { TargetMiBps: warmThroughput.targetMiBps, CurrentMiBps: warmThroughput.currentMiBps }
}
