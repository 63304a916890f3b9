import { type ErrorDetails, MillraceError } from '../errors.ts'

/** What an `ERR_MILLRACE_LIMIT_EXCEEDED` of a setting is about; `details.limit` says it. */
export type SettingLimit = keyof typeof rules

const rules = {
  tags: 'a stream or consumer has at most # tags',
  policyBytes: 'a resource policy has at most # bytes',
  consumers: 'a stream has at most # consumers',
  creatingConsumers: 'a stream has at most # consumers that are CREATING',
  creatingStreams: 'an account has at most # streams that are CREATING',
  accountShards: 'the account may have # open shards',
  onDemandStreams: 'the account may have # streams on demand',
  modeSwitches: 'the mode of a stream can be switched # times within 24 hours',
  encryptionStarts: 'encryption can be started # times within 24 hours',
  deliveryStreams: 'an account has at most # delivery streams in a region',
  encryptionStops: 'encryption can be stopped # times within 24 hours',
} as const

/** A number of something that AWS, or a setting of the account, refuses. */
export function limitExceeded(
  limit: SettingLimit,
  value: number,
  bound: number,
  details: ErrorDetails = {},
): MillraceError {
  const rule = rules[limit].replace('#', String(bound))
  return new MillraceError('ERR_MILLRACE_LIMIT_EXCEEDED', `${rule}, this would be ${value}`, {
    details: { limit, value, bound, ...details },
  })
}
