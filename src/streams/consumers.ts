import { MillraceError } from '../errors.ts'
import type { ChangeConsumers, StreamKey } from '../meta/commands.ts'
import type { ConsumerState, Tag } from '../meta/settings.ts'
import type { StreamState } from '../meta/state.ts'
import { requireMatch, requireOptions } from '../options.ts'
import { limitExceeded } from './limit-exceeded.ts'
import { requirePolicy } from './policy.ts'
import { type ConsumerStatus, consumerStatus, requireActive, transitionEnd } from './status.ts'
import { streamArn } from './stream-arn.ts'
import { type StreamOwner, withoutAbsent } from './stream-changes.ts'
import type { StreamCore } from './stream-core.ts'
import { type Tags, withoutTags, withTags } from './tags.ts'

/** Of a stream (AWS API model). */
const consumersMax = 20
/** Of a stream in an account that is committed to a minimum throughput (AWS API model). */
const committedConsumersMax = 50
/** Of a stream, at the same time (AWS API model). */
const creatingMax = 5

/** A registered consumer, as of a moment. */
export interface ConsumerDescription {
  readonly name: string
  /** `<ARN of the stream>/consumer/<name>:<creation in seconds>` */
  readonly arn: string
  readonly status: ConsumerStatus
  /** Milliseconds since 1970, whole seconds. */
  readonly createdAtMs: number
  readonly streamArn: string
  /** In byte order of the keys. */
  readonly tags: readonly Tag[]
  /** Its resource policy, JSON as it was given. */
  readonly policy: string | undefined
}

/** Options of `consumers.register`. */
export interface RegisterOptions {
  readonly tags?: Tags | undefined
}

/**
 * The consumers that are registered for enhanced fan-out: `stream.consumers`. Each is known by its name or its ARN. All
 * methods reject or throw as every call of a stream that is gone; those that change something with
 * `ERR_MILLRACE_READ_ONLY` in a store that is only read.
 */
export class Consumers {
  readonly #core: StreamCore
  readonly #owner: StreamOwner

  /** Streams make these. */
  constructor(core: StreamCore, owner: StreamOwner) {
    this.#core = core
    this.#owner = owner
  }

  /**
   * Registers a consumer.
   *
   * Rejects with `ERR_MILLRACE_CONSUMER_EXISTS`; `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 20 consumers (50 in an account
   * that is committed to a minimum throughput), or 5 that are CREATING (AWS API model);
   * `ERR_MILLRACE_STREAM_NOT_ACTIVE`; `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`.
   *
   * @param name 1 to 128 characters out of `a-z A-Z 0-9 _ . -`
   */
  async register(name: string, options: RegisterOptions = {}): Promise<ConsumerDescription> {
    requireConsumerName(name)
    requireOptions('register options', options, ['tags'])
    const tags = options.tags === undefined ? undefined : withTags(undefined, options.tags)
    const { consumerCreatingMs } = this.#owner.transitions
    const max = this.#owner.isCommitted(this.#core) ? committedConsumersMax : consumersMax
    await this.#owner.change(this.#core, (state, nowMs) => {
      requireActive(state, nowMs)
      const there = presentConsumers(state, nowMs)
      if (there.some((consumer) => consumer.name === name)) throw consumerExists(state.key, name)
      requireRoom(there, nowMs, max)
      const registered = withoutAbsent({
        name,
        createdAtSeconds: nextCreation(state, nowMs),
        creatingUntilMs: transitionEnd(nowMs, consumerCreatingMs),
        tags,
      }) as ConsumerState
      return consumersChanged(state, nowMs, [], [registered])
    })
    return this.get(name)
  }

  /**
   * Deregisters a consumer; one that is being deleted is left to that.
   *
   * Rejects with `ERR_MILLRACE_CONSUMER_NOT_FOUND`.
   */
  async deregister(nameOrArn: string): Promise<void> {
    const { consumerDeletingMs } = this.#owner.transitions
    await this.#changeOne(nameOrArn, (consumer, nowMs) => {
      if (consumer.deletingUntilMs !== undefined) return 'unchanged'
      return consumerDeletingMs === 0
        ? 'removed'
        : { ...consumer, deletingUntilMs: nowMs + consumerDeletingMs }
    })
  }

  /** The consumers, by name. */
  list(): readonly ConsumerDescription[] {
    return describeConsumers(this.#owner.present(this.#core), this.#owner.nowMs())
  }

  /** @throws `ERR_MILLRACE_CONSUMER_NOT_FOUND` */
  get(nameOrArn: string): ConsumerDescription {
    const state = this.#owner.present(this.#core)
    const nowMs = this.#owner.nowMs()
    return described(state.key, found(state, presentConsumers(state, nowMs), nameOrArn), nowMs)
  }

  /**
   * The same of a consumer that may read.
   *
   * @throws `ERR_MILLRACE_CONSUMER_NOT_FOUND`, `ERR_MILLRACE_CONSUMER_NOT_ACTIVE`
   */
  requireActive(nameOrArn: string): ConsumerDescription {
    const consumer = this.get(nameOrArn)
    if (consumer.status === 'ACTIVE') return consumer
    const { name, arn, status } = consumer
    throw new MillraceError('ERR_MILLRACE_CONSUMER_NOT_ACTIVE', `the consumer ${name} is ${status}`, {
      details: { consumer: name, arn, status },
    })
  }

  /** Adds tags, or replaces values. Rejects as `deregister`, and with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 50 tags. */
  async tag(nameOrArn: string, tags: Tags): Promise<void> {
    await this.#changeOne(nameOrArn, (consumer) => ({ ...consumer, tags: withTags(consumer.tags, tags) }))
  }

  /** Removes the tags of these keys. Rejects as `deregister`. */
  async untag(nameOrArn: string, keys: readonly string[]): Promise<void> {
    await this.#changeOne(nameOrArn, (consumer) => ({ ...consumer, tags: withoutTags(consumer.tags, keys) }))
  }

  /**
   * Keeps a resource policy, which is not judged. Rejects as `deregister`, and with `ERR_MILLRACE_LIMIT_EXCEEDED` beyond
   * 64 KiB.
   */
  async setPolicy(nameOrArn: string, policy: string): Promise<void> {
    const chosen = requirePolicy(policy)
    await this.#changeOne(nameOrArn, (consumer) => ({ ...consumer, policy: chosen }))
  }

  /** Removes the policy; answers whether there was one. Rejects as `deregister`. */
  async deletePolicy(nameOrArn: string): Promise<boolean> {
    let had = false
    await this.#changeOne(nameOrArn, (consumer) => {
      had = consumer.policy !== undefined
      return had ? { ...consumer, policy: undefined } : 'unchanged'
    })
    return had
  }

  async #changeOne(
    nameOrArn: string,
    next: (consumer: ConsumerState, nowMs: number) => ConsumerChange | 'removed' | 'unchanged',
  ): Promise<void> {
    await this.#owner.change(this.#core, (state, nowMs) => {
      const one = found(state, presentConsumers(state, nowMs), nameOrArn)
      const changed = next(one, nowMs)
      if (changed === 'unchanged') return undefined
      if (changed === 'removed') return consumersChanged(state, nowMs, [one], [])
      return consumersChanged(state, nowMs, [], [withoutAbsent(changed) as ConsumerState])
    })
  }
}

/** A consumer with fields that become absent. */
type ConsumerChange = { readonly [Name in keyof ConsumerState]: ConsumerState[Name] | undefined }

/** The consumers that are still there at a moment, those that are being deleted among them. */
export function presentConsumers(
  { consumers }: Pick<StreamState, 'consumers'>,
  nowMs: number,
): readonly ConsumerState[] {
  return (consumers ?? []).filter((consumer) => consumerStatus(consumer, nowMs) !== undefined)
}

/** The consumers of a stream as of a moment, by name. */
export function describeConsumers(state: StreamState, nowMs: number): readonly ConsumerDescription[] {
  return presentConsumers(state, nowMs)
    .map((consumer) => described(state.key, consumer, nowMs))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The ARN of a consumer. One that is registered again has another (AWS API model). */
export function consumerArn(key: StreamKey, { name, createdAtSeconds }: ConsumerState): string {
  return `${streamArn(key)}/consumer/${name}:${createdAtSeconds}`
}

function described(key: StreamKey, consumer: ConsumerState, nowMs: number): ConsumerDescription {
  const { name, createdAtSeconds, tags = [], policy } = consumer
  return {
    name,
    arn: consumerArn(key, consumer),
    status: consumerStatus(consumer, nowMs) ?? 'DELETING',
    createdAtMs: createdAtSeconds * 1000,
    streamArn: streamArn(key),
    tags,
    policy,
  }
}

function requireConsumerName(name: unknown): string {
  const rule = '1 to 128 characters out of a-z, A-Z, 0-9, underscore, full stop and hyphen'
  return requireMatch('consumer name', name, /^[a-zA-Z0-9_.-]{1,128}$/, rule)
}

function requireRoom(there: readonly ConsumerState[], nowMs: number, max: number): void {
  if (there.length >= max) throw limitExceeded('consumers', there.length + 1, max)
  const creating = there.filter((consumer) => consumerStatus(consumer, nowMs) === 'CREATING').length
  if (creating >= creatingMax) throw limitExceeded('creatingConsumers', creating + 1, creatingMax)
}

/** Later than that of every consumer that is gone, so that no ARN comes twice. Seconds since 1970. */
function nextCreation(state: StreamState, nowMs: number): number {
  const ended = endedAtSeconds(state, goneConsumers(state, nowMs))
  return Math.max(Math.floor(nowMs / 1000), ended === undefined ? 0 : ended + 1)
}

/** Those that were DELETING until a moment that has passed. */
function goneConsumers({ consumers = [] }: StreamState, nowMs: number): readonly ConsumerState[] {
  return consumers.filter((consumer) => consumerStatus(consumer, nowMs) === undefined)
}

/** The latest creation among consumers that are gone, these with them; seconds since 1970. */
function endedAtSeconds({ settings }: StreamState, gone: readonly ConsumerState[]): number | undefined {
  const known = settings?.consumersEndedAtSeconds
  if (gone.length === 0) return known
  return Math.max(known ?? 0, ...gone.map((consumer) => consumer.createdAtSeconds))
}

/** The command that removes some consumers, and with them those that are gone, and sets others. */
function consumersChanged(
  state: StreamState,
  nowMs: number,
  removed: readonly ConsumerState[],
  sets: readonly ConsumerState[],
): ChangeConsumers {
  const { key, revision, settings } = state
  const gone = [...goneConsumers(state, nowMs), ...removed]
  const ended = endedAtSeconds(state, gone)
  const news = ended === settings?.consumersEndedAtSeconds ? {} : { endedAtSeconds: ended as number }
  return { kind: 'changeConsumers', key, revision, removes: gone.map(({ name }) => name), sets, ...news }
}

function found(state: StreamState, there: readonly ConsumerState[], nameOrArn: string): ConsumerState {
  const consumer = there.find((one) => one.name === nameOrArn || consumerArn(state.key, one) === nameOrArn)
  if (consumer !== undefined) return consumer
  throw new MillraceError(
    'ERR_MILLRACE_CONSUMER_NOT_FOUND',
    `the stream ${state.key.name} has no consumer ${String(nameOrArn)}`,
    { details: { stream: state.key.name, consumer: nameOrArn } },
  )
}

function consumerExists(key: StreamKey, name: string): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_CONSUMER_EXISTS',
    `the stream ${key.name} has a consumer ${name} already`,
    { details: { stream: key.name, consumer: name } },
  )
}
