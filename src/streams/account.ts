import type { AccountSettings } from '../meta/settings.ts'
import type { StreamState } from '../meta/state.ts'
import { requireInteger, requireOptions } from '../options.ts'
import type { AccountDecision } from './account-states.ts'
import { type Commitment, commitmentAt, commitmentDisabled, commitmentEnabled } from './commitment.ts'
import type { CreateStreamOptions, StreamPlan } from './create-options.ts'
import type { DeleteStreamOptions } from './delete-options.ts'
import { describeStream, type StreamDescription } from './description.ts'
import { limitExceeded } from './limit-exceeded.ts'
import { isOpen } from './reshard-plan.ts'
import { streamStatus } from './status.ts'
import type { Stream } from './stream.ts'
import type { StreamOptions } from './store-options.ts'
import { modeOf } from './stream-mode.ts'

/** Which account in which region. */
export interface AccountKey {
  /** Twelve digits. */
  readonly account: string
  readonly region: string
}

/** How many shards and streams an account has, and may have. */
export interface AccountLimits {
  readonly openShards: number
  readonly shardLimit: number
  readonly onDemandStreams: number
  readonly onDemandStreamLimit: number
}

/** Limits of an account to set; what is left out stays. */
export interface AccountLimitOptions {
  /** Open shards of all its streams: 1 to 1,000,000. */
  readonly shardLimit?: number | undefined
  /** Streams that are ON_DEMAND: 1 to 1,000,000. */
  readonly onDemandStreamLimit?: number | undefined
}

/**
 * The limits that AWS begins with: 20,000 shards in its three largest regions and 50 streams on demand. They are shown
 * and not enforced; what was set is.
 */
export const accountLimitDefaults: { readonly shardLimit: number; readonly onDemandStreamLimit: number } = {
  shardLimit: 20_000,
  onDemandStreamLimit: 50,
}

const limitMax = 1_000_000
/** Streams that are CREATING at the same time (AWS API model). */
const creatingStreamsMax = 5

/** What an account needs from its store. */
export interface AccountHost {
  createStream<T>(at: AccountKey, name: unknown, options: CreateStreamOptions<T>): Promise<Stream<T>>
  stream<T>(at: AccountKey, name: unknown, options: StreamOptions<T>): Stream<T>
  deleteStream(at: AccountKey, name: unknown, options: DeleteStreamOptions): Promise<void>
  /** States of the streams of an account. */
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

  /** Its streams, by name. */
  listStreams(): readonly StreamDescription[] {
    const nowMs = this.#host.nowMs()
    return this.#host
      .streamsOf(this)
      .map((state) => describeStream(state, nowMs))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** As `store.deleteStream`. */
  deleteStream(name: string, options: DeleteStreamOptions = {}): Promise<void> {
    return this.#host.deleteStream(this, name, options)
  }

  /** What it has, and what it may have. */
  limits(): AccountLimits {
    const { shardLimit, onDemandStreamLimit } = { ...accountLimitDefaults, ...this.#host.settingsOf(this) }
    const { openShards, onDemandStreams } = countsOf(this.#host.streamsOf(this))
    return { openShards, shardLimit, onDemandStreams, onDemandStreamLimit }
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

/**
 * Whether an account may have one more stream, of so many shards.
 *
 * @throws `ERR_MILLRACE_LIMIT_EXCEEDED`
 */
export function requireRoomForStream(
  states: readonly StreamState[],
  settings: AccountSettings,
  { shards, settings: { mode } }: StreamPlan,
  nowMs: number,
): void {
  const creating = states.filter((state) => streamStatus(state, nowMs) === 'CREATING').length
  if (creating >= creatingStreamsMax) throw limitExceeded('creatingStreams', creating + 1, creatingStreamsMax)
  const { openShards, onDemandStreams } = countsOf(states)
  requireBelow('accountShards', openShards + shards, settings.shardLimit)
  if (mode === 'ON_DEMAND') requireBelow('onDemandStreams', onDemandStreams + 1, settings.onDemandStreamLimit)
}

function requireBelow(
  limit: 'accountShards' | 'onDemandStreams',
  value: number,
  bound: number | undefined,
): void {
  if (bound !== undefined && value > bound) throw limitExceeded(limit, value, bound)
}

function countsOf(states: readonly StreamState[]): {
  readonly openShards: number
  readonly onDemandStreams: number
} {
  let openShards = 0
  let onDemandStreams = 0
  for (const state of states) {
    openShards += state.shards.filter(isOpen).length
    if (modeOf(state) === 'ON_DEMAND') onDemandStreams += 1
  }
  return { openShards, onDemandStreams }
}
