import type { Tag } from '../meta/settings.ts'
import { requireInteger } from '../options.ts'
import { KiB, MiB } from '../units.ts'
import { requireMetrics, type ShardMetricName } from './metric-names.ts'
import { requirePolicy } from './policy.ts'
import { onceMoreInDay } from './rolling-day.ts'
import { requireActive, transitionEnd } from './status.ts'
import { type Decision, settingsChanged, type StreamOwner } from './stream-changes.ts'
import type { StreamCore } from './stream-core.ts'
import {
  type Distribution,
  distributionOf,
  modeOf,
  modeSwitched,
  requireDistribution,
  requireMode,
  requireWarmThroughput,
  type StreamMode,
} from './stream-mode.ts'
import { type Tags, withoutTags, withTags } from './tags.ts'
import { requireStringOf } from './text-rule.ts'

/** Key and data of one record together, at most; bytes (AWS API model: 10,240 KiB). */
export const recordBytesMax: number = 10 * MiB

/** Starts, and stops, of encryption within 24 hours (AWS API model). */
const encryptionChangesMax = 25
const keyIdCharactersMax = 2 * KiB

/** Which metrics were kept for each shard before a change, and which are now. */
export interface MonitoringChange {
  readonly before: readonly ShardMetricName[]
  readonly after: readonly ShardMetricName[]
}

/**
 * What can be set of a stream, beside its retention and shards: `stream.settings`. Everything is kept with the stream.
 * Changes but those of tags and policies need an ACTIVE stream and otherwise reject with
 * `ERR_MILLRACE_STREAM_NOT_ACTIVE`; all reject with `ERR_MILLRACE_INVALID_ARGUMENT` for what AWS would not take, with
 * `ERR_MILLRACE_READ_ONLY` in a store that is only read, and as every call of a stream that is gone.
 */
export class Settings {
  readonly #core: StreamCore
  readonly #owner: StreamOwner

  /** Streams make these. */
  constructor(core: StreamCore, owner: StreamOwner) {
    this.#core = core
    this.#owner = owner
  }

  /**
   * Switches between a number of shards that the caller sets and one that follows the load. The shards stay as they
   * are; the mode that the stream has is accepted and changes nothing.
   *
   * Rejects with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond two switches within 24 hours (AWS API model), and
   * beyond a limit of the account that was set.
   *
   * @param warmThroughputMiBps as `setWarmThroughput`, for a stream that becomes ON_DEMAND
   */
  async setMode(mode: StreamMode, warmThroughputMiBps?: number): Promise<void> {
    const chosen = requireMode(mode)
    const { updatingMs } = this.#owner.transitions
    if (warmThroughputMiBps !== undefined) this.#requireWarm(warmThroughputMiBps, chosen)
    const decide: Decision = (state, nowMs) => {
      const switched = modeSwitched(state, chosen, warmThroughputMiBps, nowMs, updatingMs)
      if (switched !== undefined && chosen === 'ON_DEMAND') {
        this.#owner.requireRoom(this.#core, { onDemandStreams: 1 })
      }
      return switched
    }
    if (chosen === 'ON_DEMAND') await this.#owner.adding(this.#core, () => this.#change(decide))
    else await this.#change(decide)
  }

  /**
   * Spreads records over the shards whatever their keys (`AUTO`, only ON_DEMAND), or lets the keys decide. Counts from
   * the next put on; stored records do not move (AWS API model).
   */
  async setDistribution(distribution: Distribution): Promise<void> {
    await this.#change((state, nowMs) => {
      requireActive(state, nowMs)
      const chosen = requireDistribution(distribution, modeOf(state))
      if (chosen === distributionOf(state)) return undefined
      return settingsChanged(state, { distribution: chosen === 'AUTO' ? chosen : undefined })
    })
  }

  /** Sets how much partition key and data of one record may have together: 1 to 10 MiB, in bytes. */
  async setMaxRecordBytes(bytes: number): Promise<void> {
    const chosen = requireInteger('maxRecordBytes', bytes, MiB, recordBytesMax)
    this.#owner.requireTakes(chosen)
    await this.#change((state, nowMs) => {
      requireActive(state, nowMs)
      return chosen === state.maxRecordBytes ? undefined : settingsChanged(state, {}, chosen)
    })
  }

  /**
   * Sets the throughput that a stream is to be ready for, MiB a second up to 10 GiB/s. Of streams that are ON_DEMAND,
   * in accounts that are committed to a minimum throughput.
   */
  async setWarmThroughput(warmThroughputMiBps: number): Promise<void> {
    await this.#change((state, nowMs) => {
      requireActive(state, nowMs)
      this.#requireWarm(warmThroughputMiBps, modeOf(state))
      const updatingUntilMs = transitionEnd(nowMs, this.#owner.transitions.updatingMs)
      return settingsChanged(state, { warmThroughputMiBps, updatingUntilMs })
    })
  }

  /** Its tags, in byte order of the keys. */
  get tags(): readonly Tag[] {
    return this.#owner.present(this.#core).settings?.tags ?? []
  }

  /** Adds tags, or replaces values. Rejects with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 50 tags. */
  async tag(tags: Tags): Promise<void> {
    await this.#change((state) => settingsChanged(state, { tags: withTags(state.settings?.tags, tags) }))
  }

  /** Removes the tags of these keys; a key that is not there is passed over. */
  async untag(keys: readonly string[]): Promise<void> {
    await this.#change((state) => settingsChanged(state, { tags: withoutTags(state.settings?.tags, keys) }))
  }

  /** Its resource policy, JSON as it was given. It is kept, not judged: nobody is refused because of it. */
  get policy(): string | undefined {
    return this.#owner.present(this.#core).settings?.policy
  }

  /** Keeps a policy. Rejects with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 64 KiB. */
  async setPolicy(policy: string): Promise<void> {
    const chosen = requirePolicy(policy)
    await this.#change((state) => settingsChanged(state, { policy: chosen }))
  }

  /** Removes the policy; answers whether there was one. */
  async deletePolicy(): Promise<boolean> {
    let found = false
    await this.#change((state) => {
      found = state.settings?.policy !== undefined
      return found ? settingsChanged(state, { policy: undefined }) : undefined
    })
    return found
  }

  /**
   * Says that records are enciphered with this key of AWS KMS from now on. That is kept, and shown by records that are
   * put from then on; **bytes at rest are not enciphered**. A key that is set already changes nothing.
   *
   * Rejects with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 25 starts within 24 hours (AWS API model).
   *
   * @param keyId 1 to 2,048 characters: an id, ARN or alias; nobody asks whether there is such a key
   */
  async startEncryption(keyId: string): Promise<void> {
    const kmsKeyId = requireStringOf('keyId', keyId, 1, keyIdCharactersMax)
    await this.#change((state, nowMs) => {
      requireActive(state, nowMs)
      const { settings } = state
      if (settings?.kmsKeyId === kmsKeyId) return undefined
      const earlier = settings?.encryptionStartsAtMs
      return settingsChanged(state, {
        kmsKeyId,
        encryptionStartsAtMs: onceMoreInDay('encryptionStarts', earlier, nowMs, encryptionChangesMax),
        updatingUntilMs: transitionEnd(nowMs, this.#owner.transitions.updatingMs),
      })
    })
  }

  /**
   * Ends what `startEncryption` began; of a stream without encryption it changes nothing.
   *
   * Rejects with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 25 stops within 24 hours (AWS API model).
   */
  async stopEncryption(): Promise<void> {
    await this.#change((state, nowMs) => {
      requireActive(state, nowMs)
      const { settings } = state
      if (settings?.kmsKeyId === undefined) return undefined
      const earlier = settings.encryptionStopsAtMs
      return settingsChanged(state, {
        kmsKeyId: undefined,
        encryptionStopsAtMs: onceMoreInDay('encryptionStops', earlier, nowMs, encryptionChangesMax),
        updatingUntilMs: transitionEnd(nowMs, this.#owner.transitions.updatingMs),
      })
    })
  }

  /** Metrics that are kept for each shard. */
  get monitoring(): readonly ShardMetricName[] {
    return (this.#owner.present(this.#core).settings?.monitoring ?? []) as readonly ShardMetricName[]
  }

  /** Keeps these metrics for each shard, too; `ALL` is every one. */
  async enableMonitoring(metrics: readonly (ShardMetricName | 'ALL')[]): Promise<MonitoringChange> {
    const named = requireMetrics(metrics)
    return this.#monitor((before) => requireMetrics([...before, ...named]))
  }

  /** Keeps these metrics no longer; `ALL` is every one. */
  async disableMonitoring(metrics: readonly (ShardMetricName | 'ALL')[]): Promise<MonitoringChange> {
    const named = requireMetrics(metrics)
    return this.#monitor((before) => before.filter((name) => !named.includes(name)))
  }

  async #monitor(
    next: (before: readonly ShardMetricName[]) => readonly ShardMetricName[],
  ): Promise<MonitoringChange> {
    let before: readonly ShardMetricName[] = []
    let after: readonly ShardMetricName[] = []
    await this.#change((state, nowMs) => {
      requireActive(state, nowMs)
      before = (state.settings?.monitoring ?? []) as readonly ShardMetricName[]
      after = next(before)
      if (after.length === before.length) return undefined
      return settingsChanged(state, { monitoring: after.length === 0 ? undefined : after })
    })
    return { before, after }
  }

  #requireWarm(value: unknown, mode: StreamMode): void {
    requireWarmThroughput(value, mode, this.#owner.isCommitted(this.#core))
  }

  async #change(decide: Decision): Promise<void> {
    await this.#owner.change(this.#core, decide)
  }
}
