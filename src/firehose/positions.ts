import { MillraceError } from '../errors.ts'
import type { Documents } from '../streams/documents.ts'
import type { SourcePosition } from './delivery-source.ts'
import type { DeliveryKey, DeliveryStreamState } from './delivery-stream-state.ts'

const prefix = 'firehose-position/'

/** What of a position waits for the one before it to be stored. */
interface Saving {
  /** The newest one; `undefined` when it is on its way. */
  next: SourcePosition | undefined
  /** Settles when all that was asked for is stored. */
  done: Promise<void>
}

/**
 * How far each delivery stream is: a document of its own for each. Of positions that come while one is being stored only
 * the newest is, so that there are never more of them than the disk takes.
 */
export class Positions {
  readonly #documents: Documents
  readonly #isGone: (state: DeliveryStreamState) => boolean
  /** By the id of the delivery stream. */
  readonly #saving: Map<string, Saving> = new Map()

  /** @param isGone whether a delivery stream is deleted, or being: then there is nothing to store */
  constructor(documents: Documents, isGone: (state: DeliveryStreamState) => boolean = () => false) {
    this.#documents = documents
    this.#isGone = isGone
  }

  /** Where to go on; `undefined` where nothing was delivered yet. @throws `ERR_MILLRACE_CORRUPT` */
  load({ key, id }: DeliveryStreamState): SourcePosition | undefined {
    const document = documentOf(key)
    const value = this.#documents.get(document)
    if (value === undefined) return undefined
    const { id: owner, position } = checked(document, value)
    // Of an earlier delivery stream of this name.
    return owner === id ? position : undefined
  }

  /** Resolves once this position, or one that came later, would survive a crash. */
  save(state: DeliveryStreamState, position: SourcePosition): Promise<void> {
    const saving = this.#saving.get(state.id)
    if (saving !== undefined) {
      saving.next = position
      return saving.done
    }
    const begun: Saving = { next: position, done: Promise.resolve() }
    this.#saving.set(state.id, begun)
    begun.done = this.#work(state, begun)
    return begun.done
  }

  /** Of a delivery stream that is being deleted. */
  async forget({ key, id }: DeliveryStreamState): Promise<void> {
    const document = documentOf(key)
    await this.#documents.change(document, (value) =>
      value !== undefined && checked(document, value).id === id ? 'gone' : undefined,
    )
  }

  async #work(state: DeliveryStreamState, saving: Saving): Promise<void> {
    const { key, id } = state
    try {
      for (let position = saving.next; position !== undefined; position = saving.next) {
        saving.next = undefined
        const value = { id, position }
        await this.#documents.change(documentOf(key), () => (this.#isGone(state) ? undefined : { value }))
      }
    } finally {
      // In the same turn: what comes now begins anew.
      this.#saving.delete(id)
    }
    // Another thread may have deleted it meanwhile, and found nothing to forget.
    if (this.#isGone(state)) await this.forget(state)
  }
}

function documentOf({ account, region, name }: DeliveryKey): string {
  return `${prefix}${account}/${region}/${name}`
}

function checked(
  document: string,
  value: unknown,
): { readonly id: string; readonly position: SourcePosition } {
  const { id, position } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >
  const places = typeof position === 'object' && position !== null ? Object.values(position) : [undefined]
  if (typeof id === 'string' && places.every((place) => typeof place === 'string')) {
    return { id, position: position as SourcePosition }
  }
  throw new MillraceError('ERR_MILLRACE_CORRUPT', `the metadata hold ${document}, which is no position`, {
    details: { document },
  })
}
