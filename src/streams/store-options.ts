import { type Clock, systemClock } from '../clock.ts'
import { invalidArgument } from '../errors.ts'
import type { StreamKey } from '../meta/commands.ts'
import { requireCallback, requireMatch, requireMethods, requireOptions } from '../options.ts'
import type { AccountKey } from './account.ts'
import { bytesCodec, type Codec } from './codec.ts'
import { checkedLimits, type ChosenLimits, limitOptionKeys, type LimitOptions } from './limit-options.ts'
import { checkedTransitions, type ChosenTransitions, type Transitions } from './status.ts'
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
  /**
   * How long streams and consumers are CREATING, UPDATING and DELETING: durations, or `'aws'` for such as AWS takes.
   * @defaultValue no time at all
   */
  readonly transitions?: Transitions | 'aws' | undefined
}

/** Options of `store.stream`. */
export interface StreamOptions<T> {
  /** Turns values into bytes and back; not stored with the stream. @defaultValue `bytesCodec` */
  readonly codec?: Codec<T> | undefined
}

/** What holds unless the caller says otherwise. */
export const storeDefaults: {
  readonly clock: Clock
  readonly account: string
  readonly region: string
} = { clock: systemClock, account: '000000000000', region: 'us-east-1' }

/** Keys of `StoreOptions`. */
export const storeOptionKeys: readonly string[] = [
  'clock',
  'account',
  'region',
  'onWarning',
  'transitions',
  ...limitOptionKeys,
]

/** The options of a store, filled up. */
export interface ChosenStoreOptions extends ChosenLimits {
  readonly clock: Clock
  readonly account: string
  readonly region: string
  readonly onWarning: WarningListener
  readonly transitions: ChosenTransitions
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
  requireAccount({ account, region })
  requireCallback('onWarning', options.onWarning)
  const onWarning = apart(options.onWarning ?? emitProcessWarning)
  const transitions = checkedTransitions(options.transitions)
  return { clock, account, region, onWarning, transitions, ...checkedLimits(options) }
}

/** @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION` */
export function requireAccount(key: AccountKey): AccountKey {
  requireOptions('account', key, ['account', 'region'])
  const account = requireMatch('account', key.account, /^\d{12}$/, 'twelve digits')
  const region = requireMatch('region', key.region, /^[a-z0-9-]{1,64}$/, 'a region such as us-east-1')
  return { account, region }
}

/** A stream of an account, by a name that AWS would take. */
export function requireStreamKey({ account, region }: AccountKey, name: unknown): StreamKey {
  const rule = '1 to 128 characters out of a-z, A-Z, 0-9, underscore, full stop and hyphen'
  return { account, region, name: requireMatch('name', name, /^[a-zA-Z0-9_.-]{1,128}$/, rule) }
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
