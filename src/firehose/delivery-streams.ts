import type { AccountKey } from '../streams/account.ts'
import { requireAccount } from '../streams/store-options.ts'
import { insideOf, type Store } from '../streams/store.ts'
import { isChannelName } from './channel-key.ts'
import type { DeliveryKey } from './delivery-stream-state.ts'
import { describeDeliveryStream, DeliveryStream, type DeliveryStreamDescription } from './delivery-stream.ts'
import type { Firehose } from './firehose.ts'
import { createdConfiguration, type CreateDeliveryStreamOptions } from './plan/delivery-plan.ts'

/**
 * The delivery streams of a store, in one account and region; as long as these are there, they deliver. `firehose` makes
 * them. Every method fails with `ERR_MILLRACE_CLOSED` after the store or this was closed.
 */
export class DeliveryStreams {
  readonly account: string
  readonly region: string
  readonly #store: Store
  readonly #firehose: Firehose
  readonly #account: AccountKey

  /** `firehose` and `within` make these. */
  constructor(store: Store, facade: Firehose, { account, region }: AccountKey) {
    this.account = account
    this.region = region
    this.#account = { account, region }
    this.#store = store
    this.#firehose = facade
  }

  /**
   * Creates a delivery stream, which begins to deliver at once; resolves once it would survive a crash.
   *
   * ```ts
   * const clicks = await firehose(store).createDeliveryStream('clicks', { destination: { kind: 'folder', bucket: 'clicks' } })
   * await clicks.put(Buffer.from('{"page":"/"}\n'))
   * ```
   *
   * Rejects with `ERR_MILLRACE_DELIVERY_STREAM_EXISTS`; `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION` and
   * `ERR_MILLRACE_UNSUPPORTED`, which name the field; `ERR_MILLRACE_STREAM_NOT_FOUND` for a stream that is not there;
   * `ERR_MILLRACE_LIMIT_EXCEEDED`, `ERR_MILLRACE_NO_SPACE`, `ERR_MILLRACE_READ_ONLY`. Then nothing has changed.
   *
   * @param name 1 to 64 characters out of `a-z A-Z 0-9 _ . -`
   */
  async createDeliveryStream(name: string, options: CreateDeliveryStreamOptions): Promise<DeliveryStream> {
    const key = this.#keyOf(name)
    const inside = insideOf(this.#store)
    const context = { inside, account: this.#account, options: this.#firehose.options }
    const configuration = await createdConfiguration(options, context)
    await this.#firehose.createDeliveryStream(key, { configuration, tags: options.tags })
    return this.#open(key)
  }

  /** An existing delivery stream. @throws `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND`, `ERR_MILLRACE_INVALID_ARGUMENT` */
  deliveryStream(name: string): DeliveryStream {
    return this.#open(this.#firehose.deliveryStream(this.#keyOf(name)).key)
  }

  /** All delivery streams of the account and region, by name. */
  listDeliveryStreams(): readonly DeliveryStreamDescription[] {
    return this.#firehose
      .deliveryStreams(this.#account)
      .filter(({ kind }) => kind === 'delivery-stream')
      .map((state) => describeDeliveryStream(state, this.#firehose))
  }

  /**
   * Deletes a delivery stream with everything that was put into it and is not delivered: `flush` it before if that matters.
   *
   * Rejects with `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND`, `ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE`.
   */
  deleteDeliveryStream(name: string): Promise<void> {
    return this.#firehose.deleteDeliveryStream(this.#keyOf(name))
  }

  /** Those of another account or region. @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION` */
  within(key: AccountKey): DeliveryStreams {
    return new DeliveryStreams(this.#store, this.#firehose, requireAccount(key))
  }

  /**
   * Ends all deliveries of the store: each tries once to deliver what it has buffered, and what it cannot stays in the store
   * for the next time. Closing the store does it, too.
   */
  close(): Promise<void> {
    return this.#firehose.close()
  }

  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Channels are not delivery streams, whatever they are kept as. */
  #keyOf(name: string): DeliveryKey {
    const own = typeof name === 'string' && isChannelName(name) ? '' : name
    return { ...this.#account, name: own }
  }

  #open(key: DeliveryKey): DeliveryStream {
    return new DeliveryStream(key, this.#firehose, this.#store)
  }
}
