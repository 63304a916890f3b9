import { randomUUID } from 'node:crypto'
import { invalidArgument, MillraceError } from '../errors.ts'
import type { AccountKey } from '../streams/account.ts'
import { Departures } from '../streams/departures.ts'
import { requireAccount } from '../streams/store-options.ts'
import { closedError } from '../streams/store-refusals.ts'
import { insideOf, type Store, type StoreInside } from '../streams/store.ts'
import { readOnlyError } from '../streams/stream-core.ts'
import type { Tags } from '../streams/tags.ts'
import { type BeginDelivery, type DeliveryBeginner, deliveryBeginner } from './begin-delivery.ts'
import { isChannelName } from './channel-key.ts'
import { checkedFirehoseOptions } from './checked-firehose-options.ts'
import { Deliveries, type DeliveryFailure, type RunningDelivery } from './deliveries.ts'
import { DeliveryDuty } from './delivery-duty.ts'
import { documentOf, documentPrefix, requireDeliveryKey } from './delivery-key.ts'
import { requireMeans } from './delivery-means.ts'
import type { DeliveryStats } from './delivery-stats.ts'
import { type DeliveryStatus, deliveryStatus, requireActive } from './delivery-status.ts'
import type { DeliveryEncryption, DeliveryKey, DeliveryStreamState } from './delivery-stream-state.ts'
import { type DirectLog, DirectLogs, type PutOutcome } from './direct-log.ts'
import type { FirehoseOptions } from './firehose-options.ts'
import { Positions } from './positions.ts'
import { type DeliveryStreamPlan, type DestinationUpdate, Registry } from './registry.ts'
import { requireSource } from './source-stream.ts'

/** One for each store, while it is open. */
const facades: WeakMap<Store, Firehose> = new WeakMap()

/**
 * The delivery streams of a store. The first call begins to deliver, for all delivery streams that there are; later ones
 * answer the same object.
 *
 * @param options only at the first call
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_CLOSED`
 */
export function firehoseOf(store: Store, options?: FirehoseOptions, begin?: BeginDelivery): Firehose {
  const known = facades.get(store)
  if (known === undefined) {
    const made = new Firehose(store, options === undefined ? {} : options, begin, () => facades.delete(store))
    facades.set(store, made)
    return made
  }
  if (options === undefined) return known
  throw invalidArgument('options', options, 'left out: the delivery streams of this store run already')
}

/** The delivery streams of a store, if somebody has begun to deliver for it. */
export function runningFirehose(store: Store): Firehose | undefined {
  return facades.get(store)
}

/**
 * The delivery streams of one store: what there are, what they are told, and what they do. Every method fails with
 * `ERR_MILLRACE_CLOSED` after `close`, those that change something with `ERR_MILLRACE_READ_ONLY` in a store that is only
 * read, where nothing is delivered. Configurations are taken as they are: whoever calls has checked them.
 */
export class Firehose {
  readonly #inside: StoreInside
  readonly #registry: Registry
  readonly #positions: Positions
  readonly #logs: DirectLogs
  readonly #duty: DeliveryDuty
  readonly #deliveries: Deliveries
  readonly #departures: Departures
  readonly #options: FirehoseOptions
  readonly #beginner: DeliveryBeginner
  readonly #forget: () => void
  /** Of delivery streams that take records now, by document. */
  readonly #openLogs: Map<string, DirectLog> = new Map()
  readonly #stopListening: () => void
  readonly #takeBack: () => void
  #closing: Promise<void> | undefined

  /** `firehoseOf` makes these. */
  constructor(
    store: Store,
    options: FirehoseOptions,
    beginner: BeginDelivery = deliveryBeginner,
    forget: () => void = () => {},
  ) {
    const inside = insideOf(store)
    // Fails if the store is closed.
    store.within({ account: inside.account, region: inside.region })
    const { documents, time, transitions, clock, warn } = inside
    this.#inside = inside
    this.#forget = forget
    const chosen = checkedFirehoseOptions(options, inside.folder)
    this.#options = chosen
    this.#registry = new Registry({ documents, time, transitions, newId: randomUUID })
    this.#positions = new Positions(documents, (state) => this.#registry.isGone(state))
    this.#logs = new DirectLogs(inside)
    const own = { store, inside, options: chosen, positions: this.#positions, logs: this.#logs }
    this.#beginner = beginner(own)
    const find = (document: string): DeliveryStreamState | undefined => this.#registry.find(document)
    const begin = (state: DeliveryStreamState): Promise<RunningDelivery> => this.#beginner.begin(state)
    const onTaken = (): void => this.#changedAll()
    this.#duty = new DeliveryDuty({ clock, duty: inside.duty, onTaken })
    const mayDeliver = (): boolean => this.#duty.take()
    this.#deliveries = new Deliveries({ clock, time, warn, mayDeliver, find, begin })
    this.#departures = new Departures({ clock, time, warn, remove: (document) => this.#depart(document) })
    this.#stopListening = documents.onChange(documentPrefix, (document) => this.#changed(document))
    this.#takeBack = inside.onClose(() => this.close())
    this.#changedAll()
  }

  /** What it was made with, filled up. */
  get options(): FirehoseOptions {
    return this.#options
  }

  /**
   * Creates a delivery stream, which begins to deliver when it is ACTIVE; resolves once it would survive a crash.
   *
   * Rejects with `ERR_MILLRACE_DELIVERY_STREAM_EXISTS`, `ERR_MILLRACE_INVALID_ARGUMENT`; `ERR_MILLRACE_UNSUPPORTED` where
   * options lack what it needs; `ERR_MILLRACE_STREAM_NOT_FOUND` for a source that is neither in the store nor elsewhere;
   * `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 5,000 in an account and region, and beyond 50 tags; `ERR_MILLRACE_NO_SPACE`,
   * `ERR_MILLRACE_READ_ONLY`. Then nothing has changed.
   */
  async createDeliveryStream(key: DeliveryKey, plan: DeliveryStreamPlan): Promise<DeliveryStreamState> {
    this.#requireWritable()
    const own = requireDeliveryKey(key)
    if ((plan.kind === 'channel') !== isChannelName(own.name))
      throw invalidArgument('kind', plan.kind, 'that of the name')
    const { source } = plan.configuration
    requireMeans(plan.configuration, this.#options)
    if (source.kind === 'stream') requireSource(this.#inside, source.streamArn, this.#options)
    const state = await this.#registry.create(own, plan)
    if (source.kind === 'direct') {
      await this.#logs.open(state).catch(async (error: unknown) => {
        await this.#registry.forget(state)
        throw error
      })
    }
    await this.#deliveries.settled(documentOf(own))
    return state
  }

  /**
   * Gives a delivery stream another configuration. What is buffered is delivered as before, if that can be done at once;
   * else it is read again.
   *
   * Rejects with `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND`, `ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE`;
   * `ERR_MILLRACE_VERSION_CONFLICT` if its version is another one; `ERR_MILLRACE_UNSUPPORTED` for another source.
   */
  updateDestination(key: DeliveryKey, update: DestinationUpdate): Promise<DeliveryStreamState> {
    return this.#inTurn(key, (own) => {
      requireMeans(update.configuration, this.#options)
      return this.#registry.update(own, update)
    })
  }

  /**
   * Deletes a delivery stream with everything that was put into it and is not delivered: `flush` it before if that matters.
   * In a store with `transitions` it is DELETING first, and goes when that is over; for one that is DELETING nothing changes.
   *
   * Rejects with `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND`; `ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE` while it is CREATING.
   */
  async deleteDeliveryStream(key: DeliveryKey): Promise<void> {
    const { deletingUntilMs = 0 } = await this.#inTurn(key, (own) => this.#registry.beginDeletion(own))
    const document = documentOf(key)
    await this.#deliveries.settled(document)
    if (deletingUntilMs <= this.#inside.time.nowMs()) await this.#depart(document)
  }

  /** What a delivery stream is. @throws `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND` */
  deliveryStream(key: DeliveryKey): DeliveryStreamState {
    this.#requireOpen()
    return this.#registry.get(requireDeliveryKey(key))
  }

  /** The delivery streams of an account in a region, by name. */
  deliveryStreams(account: AccountKey): readonly DeliveryStreamState[] {
    this.#requireOpen()
    return this.#registry.list(requireAccount({ account: account.account, region: account.region }))
  }

  /** Those of all accounts and regions, channels among them, in no order; without documents that are damaged. Never throws. */
  everywhere(): readonly DeliveryStreamState[] {
    return this.#registry.documents().flatMap((document) => this.#stateOf(document) ?? [])
  }

  /** The status of a delivery stream at this moment. */
  status(state: DeliveryStreamState): DeliveryStatus {
    return deliveryStatus(state, this.#inside.time.nowMs())
  }

  /**
   * Puts records into a delivery stream: one outcome each, in order. A record that is taken lies in the store, as the
   * store's durability promises, until it is delivered. The data is copied before this returns.
   *
   * Rejects, with nothing taken, with `ERR_MILLRACE_INVALID_ARGUMENT`; `ERR_MILLRACE_RECORD_TOO_LARGE` for more than
   * 1,000 KiB; `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND`, `ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE`;
   * `ERR_MILLRACE_WRONG_SOURCE` where records come from a stream.
   */
  put(key: DeliveryKey, records: readonly Uint8Array[]): Promise<readonly PutOutcome[]> {
    const log = this.#openLogs.get(documentOf(key))
    return log === undefined ? this.#openAndPut(key, records) : log.put(records)
  }

  /** Adds tags, or replaces those of the same keys. Rejects with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 50. */
  tag(key: DeliveryKey, tags: Tags): Promise<DeliveryStreamState> {
    return this.#inTurn(key, (own) => this.#registry.tag(own, tags))
  }

  /** Takes tags away by their keys; those that are not there are passed over. */
  untag(key: DeliveryKey, tagKeys: readonly string[]): Promise<DeliveryStreamState> {
    return this.#inTurn(key, (own) => this.#registry.untag(own, tagKeys))
  }

  /** Remembers that records are said to be enciphered. Rejects with `ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE`. */
  startEncryption(key: DeliveryKey, encryption: DeliveryEncryption): Promise<DeliveryStreamState> {
    return this.#inTurn(key, (own) => this.#registry.setEncryption(own, encryption))
  }

  /** And that they are not any more. */
  stopEncryption(key: DeliveryKey): Promise<DeliveryStreamState> {
    return this.#inTurn(key, (own) => this.#registry.setEncryption(own, undefined))
  }

  /**
   * Delivers what is buffered now; resolves once everything that was put before the call is delivered.
   *
   * Rejects with `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND`, and with why it does not deliver at present.
   */
  async flush(key: DeliveryKey): Promise<void> {
    this.#requireWritable()
    const state = this.deliveryStream(key)
    requireActive(state, this.#inside.time.nowMs())
    const document = documentOf(state.key)
    const delivery = await this.#deliveries.running(document)
    if (delivery === undefined) throw this.failure(key)?.error ?? closedError()
    await delivery.flush()
  }

  /** What its delivery does; `undefined` while it does not run. */
  stats(key: DeliveryKey): DeliveryStats | undefined {
    return this.#deliveries.stats(documentOf(key))
  }

  /** Why an ACTIVE delivery stream could not begin to deliver, if so; it is tried again every minute. */
  failure(key: DeliveryKey): DeliveryFailure | undefined {
    return this.#deliveries.failure(documentOf(key))
  }

  /**
   * Ends all deliveries: each tries once to deliver what it has buffered, and what it cannot stays in the store. Closing the
   * store does it, too. Again: the same promise.
   *
   * @param withinMs how long they may try, milliseconds of the system's time; 0 ends them at once. By default a minute
   */
  close(withinMs?: number): Promise<void> {
    this.#closing ??= this.#close(withinMs)
    return this.#closing
  }

  async #close(withinMs: number | undefined): Promise<void> {
    this.#takeBack()
    this.#stopListening()
    this.#openLogs.clear()
    const outcomes = await Promise.allSettled([this.#deliveries.close(withinMs), this.#departures.close()])
    try {
      // Files that lie in the store's folder are those of whoever delivers.
      if (this.#duty.own) await this.#beginner.release()
    } finally {
      this.#duty.close()
    }
    this.#forget()
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  #changedAll(): void {
    for (const document of this.#registry.documents()) this.#changed(document)
  }

  /** Follows the metadata, whoever changed them. */
  #changed(document: string): void {
    this.#openLogs.delete(document)
    if (this.#inside.readOnly || this.#closing !== undefined) return
    void this.#deliveries.settle(document)
    const deletingUntilMs = this.#stateOf(document)?.deletingUntilMs
    if (deletingUntilMs !== undefined) this.#departures.expect(document, deletingUntilMs)
    else this.#departures.forget(document)
  }

  /** A document that is damaged says so to whoever asks for it, and in a warning. */
  #stateOf(document: string): DeliveryStreamState | undefined {
    try {
      return this.#registry.find(document)
    } catch {
      return undefined
    }
  }

  /** One that is DELETING has been so for long enough. */
  async #depart(document: string): Promise<void> {
    const state = this.#registry.find(document)
    // Somebody else was quicker; and perhaps there is another one of that name.
    if (state?.deletingUntilMs === undefined) return
    await this.#deliveries.settle(document)
    await this.#positions.forget(state)
    await this.#logs.delete(state)
    await this.#registry.forget(state)
  }

  async #openAndPut(key: DeliveryKey, records: readonly Uint8Array[]): Promise<readonly PutOutcome[]> {
    this.#requireWritable()
    const own = requireDeliveryKey(key)
    const document = documentOf(own)
    const state = this.#registry.get(own)
    if (state.configuration.source.kind === 'stream') throw wrongSource(state)
    requireActive(state, this.#inside.time.nowMs())
    const log = await this.#logs.open(state)
    this.#requireOpen()
    // It may have changed meanwhile.
    if (this.#registry.find(document) === state) this.#openLogs.set(document, log)
    return log.put(records)
  }

  async #inTurn<T>(key: DeliveryKey, call: (own: DeliveryKey) => Promise<T>): Promise<T> {
    this.#requireWritable()
    return call(requireDeliveryKey(key))
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw closedError()
  }

  #requireWritable(): void {
    this.#requireOpen()
    if (this.#inside.readOnly) throw readOnlyError()
  }
}

function wrongSource({ key, configuration }: DeliveryStreamState): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_WRONG_SOURCE',
    `records of the delivery stream ${key.name} come from a stream: put them there`,
    { details: { ...key, source: configuration.source } },
  )
}
