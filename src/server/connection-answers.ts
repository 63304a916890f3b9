import type { Mover } from './stall-watch.ts'

/** What answers go over, for HTTP/2 many at once. */
export interface Connection {
  destroy(): void
}

/** Whoever has much to take has to take it within so many times of what others have to move something in. */
const timesToTake = 12

/** The answers that one connection has not taken yet. */
export class ConnectionAnswers implements Mover {
  /** Nothing holds a client from reading. */
  readonly held = false
  readonly #leastBytes: number
  readonly #cut: (left: number) => void
  #moved = 0
  #left = 0

  /**
   * @param leastBytes what it has to take at least while others wait, bytes
   * @param cut cuts the connection off; `left`: what it had still to take, bytes
   */
  constructor(leastBytes: number, cut: (left: number) => void) {
    this.#leastBytes = leastBytes
    this.#cut = cut
  }

  /** What is to be taken, bytes. */
  get left(): number {
    return this.#left
  }

  get moved(): number {
    return this.#moved
  }

  get least(): number {
    return Math.max(this.#leastBytes, Math.ceil(this.#left / timesToTake))
  }

  add(bytes: number): void {
    this.#left += bytes
  }

  take(bytes: number): void {
    this.#left -= bytes
    this.#moved += bytes
  }

  cut(): void {
    this.#cut(this.#left)
  }
}
