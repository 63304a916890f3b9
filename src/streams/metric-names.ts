import { invalidArgument } from '../errors.ts'

/** Metrics that can be kept for each shard, in AWS's order (AWS API model). */
export const shardMetricNames = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'WriteProvisionedThroughputExceeded',
  'ReadProvisionedThroughputExceeded',
  'IteratorAgeMilliseconds',
] as const

/** One of them. */
export type ShardMetricName = (typeof shardMetricNames)[number]

/**
 * The metrics that somebody names, in AWS's order; `ALL` is every one.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function requireMetrics(names: unknown): readonly ShardMetricName[] {
  const known: readonly unknown[] = [...shardMetricNames, 'ALL']
  if (!Array.isArray(names) || names.length === 0 || !names.every((name) => known.includes(name))) {
    throw invalidArgument('metrics', names, `one or more of ${known.join(', ')}`)
  }
  return names.includes('ALL') ? shardMetricNames : shardMetricNames.filter((name) => names.includes(name))
}
