import { type Clock, systemClock } from '../clock.ts'
import { invalidArgument, MillraceError } from '../errors.ts'
import type { LogCaps } from '../log/log.ts'
import { requireCallback, requireInteger, requireMatch, requireMethods, requireOptions } from '../options.ts'
import { MiB } from '../units.ts'
import { bytesCodec, type Codec } from './codec.ts'
import { checkedLimits, type ChosenLimits, limitOptionKeys, type LimitOptions } from './limit-options.ts'
import { retentionHoursMax, retentionHoursMin } from './retention.ts'
import { apart, emitProcessWarning, type WarningListener } from './warning.ts'

/** How a store behaves, wherever it is kept. */
export interface StoreOptions extends LimitOptions {
  /** Arrival times, retention and every timer run on it. @defaultValue the system's clock */
  readonly clock?: Clock | undefined
  /** Account of its streams, as it appears in ARNs: twelve digits. @defaultValue '000000000000' */
  readonly account?: string | undefined
  /** Region of its streams, as it appears in ARNs. @defaultValue 'us-east-1' */
  readonly region?: string | undefined
  /** Told what a program may want to know. @defaultValue `process.emitWarning` */
  readonly onWarning?: WarningListener | undefined
}

/** Options of `store.stream`. */
export interface StreamOptions<T> {
  /** Turns values into bytes and back; not stored with the stream. @defaultValue `bytesCodec` */
  readonly codec?: Codec<T> | undefined
}

/** Options of `store.createStream`. */
export interface CreateStreamOptions<T> extends StreamOptions<T> {
  /** Shards: 1 to 10,000, each with an equal part of all hash keys. @defaultValue 1 */
  readonly shards?: number | undefined
  /** How long records are kept: 24 to 8760 hours. @defaultValue 24 */
  readonly retentionHours?: number | undefined
  /** Partition key and data of one record together, at most: 1 to 10 MiB, in bytes. @defaultValue 1 MiB */
  readonly maxRecordBytes?: number | undefined
}

/** What holds unless the caller says otherwise. */
export const storeDefaults: {
  readonly clock: Clock
  readonly account: string
  readonly region: string
} = { clock: systemClock, account: '000000000000', region: 'us-east-1' }

/** What holds unless the caller says otherwise. */
export const streamDefaults: {
  readonly shards: number
  readonly retentionHours: number
  readonly maxRecordBytes: number
} = { shards: 1, retentionHours: 24, maxRecordBytes: MiB }

const shardsMax = 10_000
const recordBytesMax: number = 10 * MiB

/** Keys of `StoreOptions`. */
export const storeOptionKeys: readonly string[] = [
  'clock',
  'account',
  'region',
  'onWarning',
  ...limitOptionKeys,
]

/** The options of a store, filled up. */
export interface ChosenStoreOptions extends ChosenLimits {
  readonly clock: Clock
  readonly account: string
  readonly region: string
  readonly onWarning: WarningListener
}

/** Checks the options of a store and fills them up. */
export function checkedStoreOptions(options: StoreOptions): ChosenStoreOptions {
  requireOptions('store options', options, storeOptionKeys)
  const {
    clock = storeDefaults.clock,
    account = storeDefaults.account,
    region = storeDefaults.region,
  } = options
  requireMethods('clock', clock, ['nowMs', 'monotonicMs', 'after'])
  requireMatch('account', account, /^\d{12}$/, 'twelve digits')
  requireMatch('region', region, /^[a-z0-9-]{1,64}$/, 'a region such as us-east-1')
  requireCallback('onWarning', options.onWarning)
  const onWarning = apart(options.onWarning ?? emitProcessWarning)
  return { clock, account, region, onWarning, ...checkedLimits(options) }
}

/** A stream name that AWS would take. */
export function requireStreamName(name: unknown): string {
  const rule = '1 to 128 characters out of a-z, A-Z, 0-9, underscore, full stop and hyphen'
  return requireMatch('name', name, /^[a-zA-Z0-9_.-]{1,128}$/, rule)
}

/** Checks what `createStream` was given beside the name, and fills it up. */
export function checkedCreateOptions(
  options: CreateStreamOptions<never>,
  caps: LogCaps,
): { readonly shards: number; readonly retentionHours: number; readonly maxRecordBytes: number } {
  const keys = ['shards', 'retentionHours', 'maxRecordBytes', 'codec']
  requireOptions('createStream options', options, keys)
  const {
    shards = streamDefaults.shards,
    retentionHours = streamDefaults.retentionHours,
    maxRecordBytes = streamDefaults.maxRecordBytes,
  } = options
  const chosen = {
    shards: requireInteger('shards', shards, 1, shardsMax),
    retentionHours: requireRetentionHours(retentionHours),
    maxRecordBytes: requireInteger('maxRecordBytes', maxRecordBytes, MiB, recordBytesMax),
  }
  if (chosen.maxRecordBytes <= caps.maxRecordBytes) return chosen
  throw new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    `maxRecordBytes: this store takes records of up to ${caps.maxRecordBytes} bytes`,
    { details: { field: 'maxRecordBytes', value: chosen.maxRecordBytes, limit: caps.maxRecordBytes } },
  )
}

/** The one range of hours that AWS takes. */
export function requireRetentionHours(value: unknown): number {
  return requireInteger('retentionHours', value, retentionHoursMin, retentionHoursMax)
}

/** The codec of `stream` or `createStream` options. */
export function codecOf<T>(options: StreamOptions<T>): Codec<T> {
  const { codec } = options
  // Without a codec T is its default, bytes.
  if (codec === undefined) return bytesCodec as Codec<unknown> as Codec<T>
  requireMethods('codec', codec, ['encode', 'decode'])
  if (typeof codec.name !== 'string') throw invalidArgument('codec.name', codec.name, 'a string')
  return codec
}
