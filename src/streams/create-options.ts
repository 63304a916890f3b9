import { invalidArgument, MillraceError } from '../errors.ts'
import type { LogCaps } from '../log/log.ts'
import type { StreamSettings } from '../meta/settings.ts'
import { requireInteger, requireOptions } from '../options.ts'
import { MiB } from '../units.ts'
import { openShardsMax } from './reshard-plan.ts'
import { retentionHoursMax, retentionHoursMin } from './retention.ts'
import { recordBytesMax } from './settings.ts'
import type { StreamOptions } from './store-options.ts'
import { withoutAbsent } from './stream-changes.ts'
import {
  type Distribution,
  requireDistribution,
  requireMode,
  requireWarmThroughput,
  type StreamMode,
} from './stream-mode.ts'
import { type Tags, withTags } from './tags.ts'

/** Options of `store.createStream`. */
export interface CreateStreamOptions<T> extends StreamOptions<T> {
  /**
   * Shards: 1 to 10,000, each with an equal part of all hash keys. Left out for a stream ON_DEMAND, which begins with 4.
   * @defaultValue 1
   */
  readonly shards?: number | undefined
  /** How long records are kept: 24 to 8760 hours. @defaultValue 24 */
  readonly retentionHours?: number | undefined
  /** Partition key and data of one record together, at most: 1 to 10 MiB, in bytes. @defaultValue 1 MiB */
  readonly maxRecordBytes?: number | undefined
  /** Whether the caller sets the number of shards, or the load does. @defaultValue 'PROVISIONED' */
  readonly mode?: StreamMode | undefined
  /** Spreads records whatever their keys with `AUTO`, only ON_DEMAND. @defaultValue 'USER_PARTITION_KEY' */
  readonly distribution?: Distribution | undefined
  /** As `stream.settings.setWarmThroughput`. MiB a second. @defaultValue none */
  readonly warmThroughputMiBps?: number | undefined
  /** As `stream.settings.tag`. @defaultValue none */
  readonly tags?: Tags | undefined
}

/** What holds unless the caller says otherwise. */
export const streamDefaults: {
  readonly shards: number
  readonly retentionHours: number
  readonly maxRecordBytes: number
  readonly mode: StreamMode
  readonly distribution: Distribution
} = {
  shards: 1,
  retentionHours: 24,
  maxRecordBytes: MiB,
  mode: 'PROVISIONED',
  distribution: 'USER_PARTITION_KEY',
}

const keys: readonly string[] = [
  'shards',
  'retentionHours',
  'maxRecordBytes',
  'mode',
  'distribution',
  'warmThroughputMiBps',
  'tags',
  'codec',
]

/** What a stream on demand begins with: 4 MB/s in (AWS developer guide). */
const onDemandShards = 4

/** A new stream as it was asked for. */
export interface StreamPlan {
  readonly shards: number
  readonly retentionHours: number
  readonly maxRecordBytes: number
  readonly settings: StreamSettings
}

/**
 * Checks what `createStream` was given beside the name, and fills it up.
 *
 * @param committed the account has made the commitment to a minimum throughput
 */
export function checkedCreateOptions(
  options: CreateStreamOptions<never>,
  caps: LogCaps,
  committed: boolean,
): StreamPlan {
  requireOptions('createStream options', options, keys)
  const {
    retentionHours = streamDefaults.retentionHours,
    maxRecordBytes = streamDefaults.maxRecordBytes,
    mode: givenMode = streamDefaults.mode,
    distribution: givenDistribution = streamDefaults.distribution,
    warmThroughputMiBps,
    tags,
  } = options
  const mode = requireMode(givenMode)
  const distribution = requireDistribution(givenDistribution, mode)
  if (warmThroughputMiBps !== undefined) requireWarmThroughput(warmThroughputMiBps, mode, committed)
  const settings = withoutAbsent({
    mode: mode === 'ON_DEMAND' ? mode : undefined,
    distribution: distribution === 'AUTO' ? distribution : undefined,
    warmThroughputMiBps,
    tags: tags === undefined ? undefined : withTags(undefined, tags),
  }) as StreamSettings
  const plan = {
    shards: requireShards(options.shards, mode),
    retentionHours: requireRetentionHours(retentionHours),
    maxRecordBytes: requireInteger('maxRecordBytes', maxRecordBytes, MiB, recordBytesMax),
    settings,
  }
  requireTakes(caps, plan.maxRecordBytes)
  return plan
}

/** The one range of hours that AWS takes. */
export function requireRetentionHours(value: unknown): number {
  return requireInteger('retentionHours', value, retentionHoursMin, retentionHoursMax)
}

function requireShards(shards: unknown, mode: StreamMode): number {
  if (mode === 'PROVISIONED') {
    return requireInteger('shards', shards === undefined ? streamDefaults.shards : shards, 1, openShardsMax)
  }
  if (shards === undefined) return onDemandShards
  throw invalidArgument('shards', shards, 'left out for a stream ON_DEMAND')
}

/** Refuses records that the engine would refuse later. */
export function requireTakes(caps: LogCaps, maxRecordBytes: number): void {
  if (maxRecordBytes <= caps.maxRecordBytes) return
  throw new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    `maxRecordBytes: this store takes records of up to ${caps.maxRecordBytes} bytes`,
    { details: { field: 'maxRecordBytes', value: maxRecordBytes, limit: caps.maxRecordBytes } },
  )
}
