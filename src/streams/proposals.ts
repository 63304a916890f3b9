import { MillraceError } from '../errors.ts'
import type { MetaStore } from '../meta/meta.ts'
import type { StreamState } from '../meta/state.ts'
import { NamedTurns } from './named-turns.ts'
import type { StoreTime } from './store-time.ts'
import type { Decision } from './stream-changes.ts'
import type { StreamCore } from './stream-core.ts'

/** How often a command is proposed again because another thread changed the stream or account at the same time. */
export const proposalsMax = 16

/** Takes decisions about streams to the metadata, of each stream one at a time: two at once would build on one state. */
export class Proposals {
  readonly #meta: MetaStore
  readonly #time: StoreTime
  readonly #turns: NamedTurns = new NamedTurns()

  constructor(meta: MetaStore, time: StoreTime) {
    this.#meta = meta
    this.#time = time
  }

  /**
   * What a stream is now, whoever changed it.
   *
   * @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND`
   */
  present(core: StreamCore): StreamState {
    core.requireUsable()
    // Asking for the state hears of what others did; perhaps the stream is gone.
    const state = this.#meta.state.streams.get(core.id)
    core.requireUsable()
    return state ?? core.state
  }

  /** Makes a call that proposes changes of this stream while no other one of this store does. */
  inTurn<T>(id: string, call: () => Promise<T>): Promise<T> {
    return this.#turns.take(id, call)
  }

  /**
   * Proposes what is decided about a stream until it builds on the stream's present state. The stream that was
   * changed; undefined if there was nothing to change.
   */
  async change(find: () => StreamCore, decide: Decision): Promise<StreamCore | undefined> {
    return this.inTurn(find().id, () => this.#change(find, decide))
  }

  async #change(find: () => StreamCore, decide: Decision): Promise<StreamCore | undefined> {
    for (let proposals = 0; proposals < proposalsMax; proposals++) {
      const core = find()
      const command = decide(this.present(core), this.#time.nowMs())
      if (command === undefined) return undefined
      const outcome = await this.#meta.propose(command)
      if (outcome === 'applied') return core
    }
    throw othersKeepChanging()
  }
}

/** A command came too late `proposalsMax` times. */
export function othersKeepChanging(): MillraceError {
  return new MillraceError('ERR_MILLRACE_BACKLOG', 'others keep changing the stream; try again later')
}
