import { invalidArgument } from '../errors.ts'
import type { Command } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import type { DocumentState } from '../meta/state.ts'
import { NamedTurns } from './named-turns.ts'
import { othersKeepChanging, proposalsMax } from './proposals.ts'

/** What becomes of a document: its new value, `gone`, or `undefined` where it is as it should be. Throws what forbids it. */
export type DocumentDecision = (value: unknown) => { readonly value: unknown } | 'gone' | undefined

/** What documents need from their store. */
export interface DocumentHost {
  readonly meta: MetaStore
  /** @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_READ_ONLY` */
  requireWritable(): void
}

/**
 * What layers above keep in the metadata: plain data by name, such as `firehose/<account>/<region>/<name>`. The first part
 * of a name is the layer's.
 */
export class Documents {
  readonly #host: DocumentHost
  readonly #turns: NamedTurns = new NamedTurns()

  constructor(host: DocumentHost) {
    this.#host = host
  }

  /** The document's value, which nobody may change; `undefined` if there is none. */
  get(id: string): unknown {
    return this.#host.meta.state.documents.get(id)?.value
  }

  /** Those whose names begin so, in no order. Looks at the names of all documents. */
  startingWith(prefix: string): readonly DocumentState[] {
    return Array.from(this.#host.meta.state.documents.values()).filter(({ id }) => id.startsWith(prefix))
  }

  /**
   * Proposes what is decided about a document until it builds on its present value; resolves once that would survive a
   * crash, with whether anything has changed. Calls about one document wait for each other.
   *
   * Rejects with what `decide` throws, `ERR_MILLRACE_INVALID_ARGUMENT` for what is no plain data or too much,
   * `ERR_MILLRACE_BACKLOG`, `ERR_MILLRACE_READ_ONLY`, `ERR_MILLRACE_CLOSED`, and what the metadata refuse.
   */
  change(id: string, decide: DocumentDecision): Promise<boolean> {
    return this.#turns.take(id, () => this.#change(id, decide))
  }

  /** Calls `listener` after each change of a document whose name begins so, whoever made it. Answers what ends it. */
  onChange(prefix: string, listener: (id: string) => void): () => void {
    return this.#host.meta.onChange((command) => {
      const about = command.kind === 'setDocument' || command.kind === 'deleteDocument'
      if (about && command.id.startsWith(prefix)) listener(command.id)
    })
  }

  async #change(id: string, decide: DocumentDecision): Promise<boolean> {
    const { meta } = this.#host
    for (let proposals = 0; proposals < proposalsMax; proposals++) {
      this.#host.requireWritable()
      const present = meta.state.documents.get(id)
      const decided = decide(present?.value)
      if (decided === undefined || (decided === 'gone' && present === undefined)) return false
      const revision = present?.revision ?? 0
      const command: Command =
        decided === 'gone'
          ? { kind: 'deleteDocument', id, revision }
          : { kind: 'setDocument', id, revision, value: asRead(decided.value) }
      if ((await meta.propose(command)) === 'applied') return true
    }
    throw othersKeepChanging()
  }
}

/**
 * The same as it will be read: without fields that are undefined, which have no bytes.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for what would be read as something else
 */
function asRead(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) {
    if (typeof value !== 'bigint') return value
  } else if (Array.isArray(value)) {
    return value.map(asRead)
  } else if (Object.getPrototypeOf(value) === Object.prototype && !Object.hasOwn(value, '__proto__')) {
    const present = Object.entries(value).filter(([, field]) => field !== undefined)
    return Object.fromEntries(present.map(([name, field]) => [name, asRead(field)]))
  }
  throw invalidArgument('value', value, 'plain data without a key __proto__')
}
