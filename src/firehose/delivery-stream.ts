import type { AccountKey } from '../streams/account.ts'
import { insideOf, type Store } from '../streams/store.ts'
import type { Tags } from '../streams/tags.ts'
import type { DeliveryConfiguration } from './configuration.ts'
import { deliveryStreamArn } from './delivery-key.ts'
import type { DeliveryStats } from './delivery-stats.ts'
import type { DeliveryStatus } from './delivery-status.ts'
import type { DeliveryKey, DeliveryStreamState } from './delivery-stream-state.ts'
import { type PutOutcome, requireRecord } from './direct-log.ts'
import type { Firehose } from './firehose.ts'
import { type DeliveryOptions, updatedConfiguration } from './plan/delivery-plan.ts'

/** What a delivery stream is at one moment. */
export interface DeliveryStreamDescription {
  readonly name: string
  /** `arn:aws:firehose:<region>:<account>:deliverystream/<name>` */
  readonly arn: string
  readonly status: DeliveryStatus
  /** Milliseconds since 1970. */
  readonly createdAtMs: number
  /** When its configuration was changed last, milliseconds since 1970. */
  readonly updatedAtMs: number
  /** From 1; rises with each change of the configuration. */
  readonly versionId: number
  /** As it is stored, everything filled in; an access key is not shown. */
  readonly configuration: DeliveryConfiguration
  readonly tags: Tags
}

/**
 * A delivery stream of a store. Several objects of one are the same. All methods fail with `ERR_MILLRACE_CLOSED` once the
 * store was closed, and with `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND` once it was deleted.
 */
export class DeliveryStream {
  readonly name: string
  /** `arn:aws:firehose:<region>:<account>:deliverystream/<name>` */
  readonly arn: string
  readonly #key: DeliveryKey
  readonly #firehose: Firehose
  readonly #store: Store

  /** `createDeliveryStream` and `deliveryStream` make these. */
  constructor(key: DeliveryKey, firehose: Firehose, store: Store) {
    this.name = key.name
    this.arn = deliveryStreamArn(key)
    this.#key = key
    this.#firehose = firehose
    this.#store = store
  }

  /**
   * Puts one record. Resolves with its id once it lies in the store, as the store's durability promises; it is delivered
   * later, at least once. The data is copied before this returns.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`; `ERR_MILLRACE_RECORD_TOO_LARGE` for more than 1,000 KiB; `ERR_MILLRACE_WRONG_SOURCE` where records come from
   * a stream; `ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE`; and why it was refused at run time, as `NotStored` of streams says.
   */
  async put(data: Uint8Array): Promise<string> {
    requireRecord('data', data)
    const [outcome] = await this.#firehose.put(this.#key, [data])
    if (outcome?.ok === false) throw outcome.error
    return (outcome as Extract<PutOutcome, { readonly ok: true }>).recordId
  }

  /** Puts many records at once: one outcome each, in order. Rejects as `put` for what concerns all of them. */
  putBatch(records: readonly Uint8Array[]): Promise<readonly PutOutcome[]> {
    return this.#firehose.put(this.#key, records)
  }

  /**
   * Delivers what is buffered now; resolves once everything that was put, or stored in the source, before the call is
   * delivered. Rejects with why it does not deliver at present.
   */
  flush(): Promise<void> {
    return this.#firehose.flush(this.#key)
  }

  /**
   * Replaces what it does with its records, as a whole: what is left out is as by default. The source stays.
   *
   * Rejects as `createDeliveryStream`; with `ERR_MILLRACE_VERSION_CONFLICT` if somebody else changes it at the same time.
   */
  async update(options: DeliveryOptions): Promise<void> {
    const { versionId, configuration } = this.#state()
    const inside = insideOf(this.#store)
    const account: AccountKey = { account: this.#key.account, region: this.#key.region }
    const context = { inside, account, options: this.#firehose.options }
    const next = await updatedConfiguration(options, configuration.source, context)
    await this.#firehose.updateDestination(this.#key, { versionId, configuration: next })
  }

  /** Adds tags, or replaces those of the same keys. Rejects with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 50. */
  async tag(tags: Tags): Promise<void> {
    await this.#firehose.tag(this.#key, tags)
  }

  /** Takes tags away by their keys; those that are not there are passed over. */
  async untag(keys: readonly string[]): Promise<void> {
    await this.#firehose.untag(this.#key, keys)
  }

  /** What it is, as of now. */
  describe(): DeliveryStreamDescription {
    return describeDeliveryStream(this.#state(), this.#firehose)
  }

  /** What its delivery did since it began and holds now; `undefined` while it does not run. */
  stats(): DeliveryStats | undefined {
    return this.#firehose.stats(this.#key)
  }

  #state(): DeliveryStreamState {
    return this.#firehose.deliveryStream(this.#key)
  }
}

/** A delivery stream as users see it. */
export function describeDeliveryStream(
  state: DeliveryStreamState,
  firehose: Firehose,
): DeliveryStreamDescription {
  const { key, createdAtMs, updatedAtMs, versionId, configuration, tags } = state
  return {
    name: key.name,
    arn: deliveryStreamArn(key),
    status: firehose.status(state),
    createdAtMs,
    updatedAtMs,
    versionId,
    configuration: withoutSecrets(configuration),
    tags,
  }
}

function withoutSecrets(configuration: DeliveryConfiguration): DeliveryConfiguration {
  const { destination } = configuration
  if (destination.kind !== 'records' || destination.to.kind !== 'http') return configuration
  const { accessKey: _, ...to } = destination.to
  return { ...configuration, destination: { ...destination, to } }
}
