import { Turns } from './turns.ts'

/** Turns of things that have names: calls of one wait for each other, those of two do not. */
export class NamedTurns {
  readonly #turns: Map<string, Turns> = new Map()

  /** Of those with a call under way. */
  get names(): readonly string[] {
    return [...this.#turns.keys()]
  }

  /** Makes a call once those of this name before it are over, however they ended. At once if there is none. */
  async take<T>(name: string, call: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(name) ?? new Turns()
    this.#turns.set(name, turns)
    try {
      return await turns.take(call)
    } finally {
      if (turns.idle) this.#turns.delete(name)
    }
  }
}
