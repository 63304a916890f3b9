import type { Clock } from '../clock.ts'
import { invalidArgument } from '../errors.ts'
import type { BucketTable } from '../log/buckets.ts'
import { requireCallback, requireOneOf } from '../options.ts'
import { type LimitListener, Limits, type LimitsMode } from './limits.ts'
import { ownBuckets } from './own-buckets.ts'
import { apart } from './warning.ts'

/** Whether a store keeps the limits of AWS, and who is told what they refuse. */
export interface LimitOptions {
  /**
   * The throughput of a shard and the rates of the API, as AWS limits them: `off`, `enforce` or `report`. Puts obey them
   * however they are made; of reads only GetRecords, GetShardIterator and SubscribeToShard of the AWS layer, not `read`.
   * Workers of a process that share a store share the counts. @defaultValue 'off'
   */
  readonly limits?: LimitsMode | undefined
  /** Told of what the limits refuse, or would. Not beside `off`. What it throws ends the process: collect, judge later. */
  readonly onLimit?: LimitListener | undefined
}

/** Keys of `LimitOptions`. */
export const limitOptionKeys: readonly string[] = ['limits', 'onLimit']

/** `LimitOptions`, checked and filled up. */
export interface ChosenLimits {
  readonly limits: LimitsMode
  readonly onLimit: LimitListener | undefined
}

/** @throws `ERR_MILLRACE_INVALID_ARGUMENT` */
export function checkedLimits({ limits = 'off', onLimit }: LimitOptions): ChosenLimits {
  requireOneOf('limits', limits, ['off', 'enforce', 'report'])
  requireCallback('onLimit', onLimit)
  if (limits === 'off' && onLimit !== undefined) {
    throw invalidArgument('onLimit', onLimit, 'left out where limits are off: it would never be called')
  }
  return { limits, onLimit: onLimit && apart(onLimit) }
}

/** The limits of a store, counted in `buckets`; `undefined` where they are off. */
export function limitsOf(
  { limits, onLimit, clock }: ChosenLimits & { readonly clock: Clock },
  buckets: BucketTable = ownBuckets,
): Limits | undefined {
  return limits === 'off' ? undefined : new Limits(limits, clock, onLimit, buckets)
}
