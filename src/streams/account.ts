import type { AccountSettings } from '../meta/settings.ts'
import type { StreamState } from '../meta/state.ts'
import { requireInteger, requireOptions } from '../options.ts'
import { firstAfterName } from './account-listing.ts'
import { type AccountLimitOptions, type AccountLimits, limitsOf } from './account-limits.ts'
import type { AccountDecision } from './account-states.ts'
import { type Commitment, commitmentAt, commitmentDisabled, commitmentEnabled } from './commitment.ts'
import type { CreateStreamOptions } from './create-options.ts'
import type { DeleteStreamOptions } from './delete-options.ts'
import { describeStream, type StreamDescription } from './description.ts'
import type { Stream } from './stream.ts'
import { requireStringOf } from './text-rule.ts'
import type { StreamOptions } from './store-options.ts'

/** Which account in which region. */
export interface AccountKey {
  /** Twelve digits. */
  readonly account: string
  readonly region: string
}

/** Options of `listStreams`. */
export interface ListStreamsOptions {
  /** Goes on behind this name, of which there need not be a stream: the last one of the page before. */
  readonly exclusiveStartName?: string | undefined
  /** Streams at most: 1 to 10,001. @defaultValue all */
  readonly max?: number | undefined
}

const listKeys: readonly string[] = ['exclusiveStartName', 'max']
/** One more than AWS takes, to see whether there is one. */
const listedMax = 10_001
const nameMax = 128
const limitMax = 1_000_000

/** What an account needs from its store. */
export interface AccountHost {
  createStream<T>(at: AccountKey, name: unknown, options: CreateStreamOptions<T>): Promise<Stream<T>>
  stream<T>(at: AccountKey, name: unknown, options: StreamOptions<T>): Stream<T>
  deleteStream(at: AccountKey, name: unknown, options: DeleteStreamOptions): Promise<void>
  /** States of the streams of an account, by name. */
  streamsByName(at: AccountKey): readonly StreamState[]
  /** The same in no order. */
  streamsOf(at: AccountKey): readonly StreamState[]
  settingsOf(at: AccountKey): AccountSettings
  nowMs(): number
  /** Proposes what is decided until it builds on the present settings. */
  change(at: AccountKey, decide: AccountDecision): Promise<void>
}

/**
 * An account in a region: a name space of streams, and what is set for all of them. `store.within` makes these; the store
 * itself has the same methods for its own. Every method fails with `ERR_MILLRACE_CLOSED` after the store was closed.
 */
export class Account {
  readonly account: string
  readonly region: string
  readonly #host: AccountHost

  /** Stores make these. */
  constructor(host: AccountHost, { account, region }: AccountKey) {
    this.account = account
    this.region = region
    this.#host = host
  }

  /** As `store.createStream`. */
  createStream<T = Uint8Array>(name: string, options: CreateStreamOptions<T> = {}): Promise<Stream<T>> {
    return this.#host.createStream(this, name, options)
  }

  /** As `store.stream`. */
  stream<T = Uint8Array>(name: string, options: StreamOptions<T> = {}): Stream<T> {
    return this.#host.stream(this, name, options)
  }

  /**
   * Its streams, by name, or a page of them.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
   */
  listStreams(options: ListStreamsOptions = {}): readonly StreamDescription[] {
    requireOptions('listStreams options', options, listKeys)
    const { exclusiveStartName: start, max } = options
    const streams = this.#host.streamsByName(this)
    const first =
      start === undefined
        ? 0
        : firstAfterName(streams, requireStringOf('exclusiveStartName', start, 1, nameMax))
    const count = max === undefined ? streams.length : requireInteger('max', max, 1, listedMax)
    const nowMs = this.#host.nowMs()
    return streams.slice(first, first + count).map((state) => describeStream(state, nowMs))
  }

  /** As `store.deleteStream`. */
  deleteStream(name: string, options: DeleteStreamOptions = {}): Promise<void> {
    return this.#host.deleteStream(this, name, options)
  }

  /** What it has, and what it may have. */
  limits(): AccountLimits {
    return limitsOf(this.#host.streamsOf(this), this.#host.settingsOf(this))
  }

  /**
   * Sets limits, which are enforced from then on: what would exceed them fails with `ERR_MILLRACE_LIMIT_EXCEEDED`. What
   * exceeds them already stays.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_READ_ONLY`.
   */
  async setLimits(limits: AccountLimitOptions): Promise<void> {
    const keys = ['shardLimit', 'onDemandStreamLimit'] as const
    requireOptions('limits', limits, keys)
    const given = keys.filter((key) => limits[key] !== undefined)
    const chosen = given.map((key) => [key, requireInteger(key, limits[key], 1, limitMax)])
    await this.#host.change(this, (settings) => ({ ...settings, ...Object.fromEntries(chosen) }))
  }

  /** Its commitment to a minimum throughput, which allows warm throughput and 50 consumers a stream. */
  commitment(): Commitment {
    const nowMs = this.#host.nowMs()
    return commitmentAt(this.#host.settingsOf(this), nowMs)
  }

  /**
   * Makes the commitment, or ends it: 24 hours after it was made at the earliest, otherwise as soon as that is allowed.
   * Answers what it is then.
   */
  async setCommitment(enabled: boolean): Promise<Commitment> {
    await this.#host.change(this, enabled ? commitmentEnabled : commitmentDisabled)
    return this.commitment()
  }
}
