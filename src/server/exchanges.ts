import { ServiceEnd } from '../aws/wire/service-end.ts'
import type { Waiting } from '../aws/wire/waiting.ts'

/** Every request that is being answered, so that a server can end without cutting one off. */
export class Exchanges {
  readonly #live: Set<Exchange> = new Set()
  #idle: (() => void)[] = []
  #ending = false

  /** Whether no more should come. */
  get ending(): boolean {
    return this.#ending
  }

  get count(): number {
    return this.#live.size
  }

  /** Answers without an end of their own that are being given: subscriptions, for the most part. */
  get streams(): number {
    let streams = 0
    for (const exchange of this.#live) if (exchange.streaming) streams += 1
    return streams
  }

  begin(): Exchange {
    const exchange = new Exchange(this, () => {
      this.#live.delete(exchange)
      if (this.#live.size > 0) return
      for (const idle of this.#idle) idle()
      this.#idle = []
    })
    this.#live.add(exchange)
    return exchange
  }

  /** Ends the answers that have no end of their own; the others are left to finish. */
  end(): void {
    this.#ending = true
    for (const exchange of this.#live) exchange.finish()
  }

  /** Fulfils when nothing is being answered. */
  async idle(): Promise<void> {
    if (this.#live.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }
}

/** One request on its way to its answer. */
export class Exchange implements Waiting {
  /** Made when somebody asks for its signal. */
  #controller: AbortController | undefined
  #gone = false
  #ended = false
  readonly #exchanges: Pick<Exchanges, 'ending'>
  readonly #done: () => void
  #streaming = false

  constructor(exchanges: Pick<Exchanges, 'ending'>, done: () => void) {
    this.#exchanges = exchanges
    this.#done = done
  }

  /** Aborted when nobody waits for the answer, or when an answer without an end has to end. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#gone) this.#controller.abort(this.#ended ? new ServiceEnd() : undefined)
    }
    return this.#controller.signal
  }

  /** The answer is a stream: from now on `finish` ends it. */
  stream(): void {
    this.#streaming = true
    if (this.#exchanges.ending) this.finish()
  }

  get streaming(): boolean {
    return this.#streaming
  }

  /** The server ends. */
  finish(): void {
    if (this.#streaming) this.#leave(true)
  }

  /** Nobody waits for the answer any more. */
  abandon(): void {
    this.#leave(false)
  }

  #leave(ended: boolean): void {
    if (this.#gone) return
    this.#gone = true
    this.#ended = ended
    this.#controller?.abort(ended ? new ServiceEnd() : undefined)
  }

  /** It was answered, or cannot be. */
  done(): void {
    this.#done()
  }
}
