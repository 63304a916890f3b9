import { isDeepStrictEqual } from 'node:util'
import { MillraceError } from '../errors.ts'
import type { AccountKey } from '../streams/account.ts'
import type { Documents } from '../streams/documents.ts'
import { limitExceeded } from '../streams/limit-exceeded.ts'
import { NamedTurns } from '../streams/named-turns.ts'
import type { ChosenTransitions } from '../streams/status.ts'
import type { StoreTime } from '../streams/store-time.ts'
import { type Tags, withoutTags, withTags } from '../streams/tags.ts'
import { isChannelName } from './channel-key.ts'
import type { DeliveryConfiguration } from './configuration.ts'
import { requireNoCircle } from './delivery-circle.ts'
import { deliveryExists, deliveryNotFound, documentOf, documentPrefix, documentsOf } from './delivery-key.ts'
import { deliveryNotActive, deliveryStatus, requireActive } from './delivery-status.ts'
import { deliveryStreamOf } from './delivery-stream-shape.ts'
import type { DeliveryEncryption, DeliveryKey, DeliveryStreamState } from './delivery-stream-state.ts'
import { storedStates } from './stored-states.ts'

/** Of an account in a region (Firehose developer guide, "Quota"); channels are counted apart. */
export const deliveryStreamsMax = 5_000

/** A delivery stream to create. */
export interface DeliveryStreamPlan {
  readonly configuration: DeliveryConfiguration
  /** What whoever makes it wants to be told of it again. Plain data. @defaultValue nothing */
  readonly document?: unknown
  readonly tags?: Tags | undefined
  readonly encryption?: DeliveryEncryption | undefined
  /** That of the name: `nameOfChannel` makes those of channels. @defaultValue 'delivery-stream' */
  readonly kind?: DeliveryStreamState['kind'] | undefined
  /** Asked when nobody else creates one in the account and region; what it throws refuses the creation. */
  readonly check?: (() => void) | undefined
}

/** Another configuration. */
export interface DestinationUpdate {
  /** The version that it builds on. */
  readonly versionId: number
  readonly configuration: DeliveryConfiguration
  readonly document?: unknown
}

/** What a registry needs from its store. */
export interface RegistryHost {
  readonly documents: Documents
  readonly time: StoreTime
  readonly transitions: ChosenTransitions
  /** Another UUID at each call. */
  newId(): string
}

/** What becomes of a delivery stream; `undefined` where it is as it should be. Throws what forbids it. */
type Change = (state: DeliveryStreamState, nowMs: number) => DeliveryStreamState | 'gone' | undefined

/** Which delivery streams there are: documents in the metadata of their store. Runs nothing. */
export class Registry {
  readonly #host: RegistryHost
  readonly #creations: NamedTurns = new NamedTurns()

  constructor(host: RegistryHost) {
    this.#host = host
  }

  /** @throws `ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND`, `ERR_MILLRACE_CORRUPT` */
  get(key: DeliveryKey): DeliveryStreamState {
    const state = this.find(documentOf(key))
    if (state === undefined) throw deliveryNotFound(key)
    return state
  }

  /** The delivery stream of a document. @throws `ERR_MILLRACE_CORRUPT` */
  find(document: string): DeliveryStreamState | undefined {
    const value = this.#host.documents.get(document)
    return value === undefined ? undefined : deliveryStreamOf(document, value)
  }

  /** Whether it is deleted, or being. A document that is damaged says neither. */
  isGone({ key, id }: DeliveryStreamState): boolean {
    try {
      const found = this.find(documentOf(key))
      return found?.id !== id || found.deletingUntilMs !== undefined
    } catch {
      return false
    }
  }

  /** Documents of all accounts and regions. */
  documents(): readonly string[] {
    return this.#host.documents.startingWith(documentPrefix).map(({ id }) => id)
  }

  /** Those of an account, by name. */
  list(account: AccountKey): readonly DeliveryStreamState[] {
    return storedStates(this.#host.documents, account)
  }

  /** As `Firehose.createDeliveryStream`, which says how it rejects. */
  create(key: DeliveryKey, plan: DeliveryStreamPlan): Promise<DeliveryStreamState> {
    const { documents, time, transitions } = this.#host
    const prefix = documentsOf(key)
    // Between the look at how many there are and the new one nobody takes the last place.
    return this.#creations.take(prefix, async () => {
      plan.check?.()
      await documents.change(documentOf(key), (value) => {
        if (value !== undefined) throw deliveryExists(deliveryStreamOf(documentOf(key), value))
        const others = documents
          .startingWith(prefix)
          .filter(({ id }) => isChannelName(id.slice(prefix.length)) === isChannelName(key.name)).length
        if (others >= deliveryStreamsMax) {
          throw limitExceeded('deliveryStreams', others + 1, deliveryStreamsMax, { ...key })
        }
        this.#requireNoCircle(key, plan.configuration)
        return { value: plannedState(key, plan, this.#host.newId(), time.nowMs(), transitions.creatingMs) }
      })
      return this.get(key)
    })
  }

  /** As `Firehose.updateDestination`, which says how it rejects. */
  update(
    key: DeliveryKey,
    { versionId, configuration, document }: DestinationUpdate,
  ): Promise<DeliveryStreamState> {
    return this.#change(key, (state, nowMs) => {
      requireActive(state, nowMs)
      if (state.versionId !== versionId) throw versionConflict(state, versionId)
      if (!isDeepStrictEqual(state.configuration.source, configuration.source)) throw sourceStays(state)
      this.#requireNoCircle(key, configuration)
      return { ...state, configuration, document, versionId: versionId + 1, updatedAtMs: nowMs }
    })
  }

  /** Makes it DELETING; it stays so if it is. */
  beginDeletion(key: DeliveryKey): Promise<DeliveryStreamState> {
    return this.#change(key, (state, nowMs) => {
      const status = deliveryStatus(state, nowMs)
      if (status === 'DELETING') return undefined
      if (status === 'CREATING') throw deliveryNotActive(state, status)
      return { ...state, deletingUntilMs: nowMs + this.#host.transitions.deletingMs }
    })
  }

  /** Forgets this delivery stream, and no later one of its name. */
  async forget({ key, id }: DeliveryStreamState): Promise<void> {
    const document = documentOf(key)
    await this.#host.documents.change(document, (value) =>
      value !== undefined && deliveryStreamOf(document, value).id === id ? 'gone' : undefined,
    )
  }

  /** Adds tags, or replaces those of the same keys. */
  tag(key: DeliveryKey, tags: Tags): Promise<DeliveryStreamState> {
    return this.#change(key, (state) => ({ ...state, tags: tagsWith(state.tags, tags) }))
  }

  untag(key: DeliveryKey, keys: readonly string[]): Promise<DeliveryStreamState> {
    return this.#change(key, (state) => ({
      ...state,
      tags: tagsOf(withoutTags(listOf(state.tags), keys)),
    }))
  }

  /** Sets what encryption is said to be; `undefined` for none. */
  setEncryption(key: DeliveryKey, encryption: DeliveryEncryption | undefined): Promise<DeliveryStreamState> {
    return this.#change(key, (state, nowMs) => {
      requireActive(state, nowMs)
      return { ...state, encryption }
    })
  }

  /** Those that are damaged, and those that are DELETING, carry nothing. */
  #requireNoCircle(key: DeliveryKey, configuration: DeliveryConfiguration): void {
    const own = documentOf(key)
    requireNoCircle(configuration, () =>
      this.#host.documents.startingWith(documentPrefix).flatMap(({ id, value }) => {
        if (id === own) return []
        try {
          const other = deliveryStreamOf(id, value)
          return other.deletingUntilMs === undefined ? [other.configuration] : []
        } catch {
          return []
        }
      }),
    )
  }

  async #change(key: DeliveryKey, change: Change): Promise<DeliveryStreamState> {
    const document = documentOf(key)
    await this.#host.documents.change(document, (value) => {
      if (value === undefined) throw deliveryNotFound(key)
      const changed = change(deliveryStreamOf(document, value), this.#host.time.nowMs())
      return typeof changed === 'object' ? { value: changed } : changed
    })
    return this.get(key)
  }
}

function plannedState(
  key: DeliveryKey,
  { configuration, document, tags = {}, encryption, kind = 'delivery-stream' }: DeliveryStreamPlan,
  id: string,
  nowMs: number,
  creatingMs: number,
): DeliveryStreamState {
  return {
    key,
    kind,
    id,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    versionId: 1,
    configuration,
    document,
    tags: tagsWith({}, tags),
    encryption,
    creatingUntilMs: nowMs + creatingMs,
  }
}

/** The rules of tags are those of streams. */
function tagsWith(before: Tags, added: Tags): Tags {
  return tagsOf(withTags(listOf(before), added))
}

function listOf(tags: Tags): { readonly key: string; readonly value: string }[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }))
}

function tagsOf(list: ReturnType<typeof withTags>): Tags {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, value]))
}

function versionConflict({ key, versionId }: DeliveryStreamState, asked: number): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_VERSION_CONFLICT',
    `the delivery stream ${key.name} has the version ${versionId}, not ${asked}`,
    { details: { ...key, versionId, asked } },
  )
}

function sourceStays({ key }: DeliveryStreamState): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    `the source of the delivery stream ${key.name} cannot change`,
    {
      details: { ...key, field: 'configuration.source' },
    },
  )
}
