import type { ShardFilter } from '../../streams/shard-filter.ts'
import { invalidArgumentFault } from '../wire/fault.ts'
import { normalShardId } from './shard-target.ts'

/** A filter as the model has it. */
export interface ShardFilterInput {
  readonly Type:
    | 'AFTER_SHARD_ID'
    | 'AT_TRIM_HORIZON'
    | 'FROM_TRIM_HORIZON'
    | 'AT_LATEST'
    | 'AT_TIMESTAMP'
    | 'FROM_TIMESTAMP'
  readonly ShardId?: string
  /** Milliseconds since 1970. */
  readonly Timestamp?: number
}

/** The same for the library. @throws `InvalidArgumentException` for members that do not go together */
export function requireShardFilter(input: ShardFilterInput | undefined): ShardFilter | undefined {
  if (input === undefined) return undefined
  const { Type: type, ShardId: shardId, Timestamp: timestamp } = input
  const byTime = type === 'AT_TIMESTAMP' || type === 'FROM_TIMESTAMP'
  requireBeside(type, 'Timestamp', byTime, timestamp)
  requireBeside(type, 'ShardId', type === 'AFTER_SHARD_ID', shardId)
  switch (type) {
    case 'FROM_TRIM_HORIZON':
      return { type: 'fromTrimHorizon' }
    case 'AT_TRIM_HORIZON':
      return { type: 'atTrimHorizon' }
    case 'AT_LATEST':
      return { type: 'atLatest' }
    case 'AT_TIMESTAMP':
      return { type: 'atTime', timeMs: Math.max(0, timestamp ?? 0) }
    case 'FROM_TIMESTAMP':
      return { type: 'fromTime', timeMs: Math.max(0, timestamp ?? 0) }
    case 'AFTER_SHARD_ID':
      return { type: 'afterShard', shardId: normalShardId(shardId ?? '') }
    default:
      return type satisfies never
  }
}

function requireBeside(type: string, member: string, wanted: boolean, value: unknown): void {
  if (wanted === (value !== undefined)) return
  throw invalidArgumentFault(
    wanted
      ? `${member} must be specified in ShardFilter when its Type is ${type}.`
      : `${member} cannot be specified in ShardFilter when its Type is ${type}.`,
  )
}
