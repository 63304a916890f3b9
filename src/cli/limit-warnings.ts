import type { LimitEvent } from '../index.ts'
import type { LogFacts } from '../server/index.ts'

/** So long what limits refuse is gathered before it is told, milliseconds. */
export const gatherMs = 10_000
/** Kinds of it that are gathered one by one; the others are counted together. */
const kindsMax = 50

interface Gathered {
  readonly facts: LogFacts
  times: number
  bytes: number
}

/**
 * Tells what limits refuse, or would: a line for each limit and stream every ten seconds, not one for each
 * record.
 */
export class LimitWarnings {
  readonly #warn: (facts: LogFacts, message: string) => void
  readonly #gathered: Map<string, Gathered> = new Map()
  #timer: NodeJS.Timeout | undefined

  constructor(warn: (facts: LogFacts, message: string) => void) {
    this.#warn = warn
  }

  /** A limit was met. */
  add({ limit, streamName, operation, refused, records, bytes }: LimitEvent): void {
    const known = `${limit} ${operation} ${streamName ?? ''}`
    const key = this.#gathered.has(known) || this.#gathered.size < kindsMax ? known : `${limit} (others)`
    let gathered = this.#gathered.get(key)
    if (gathered === undefined) {
      const facts = key === known ? { limit, operation, stream: streamName, refused } : { limit, refused }
      this.#gathered.set(key, (gathered = { facts, times: 0, bytes: 0 }))
    }
    gathered.times += records === 0 ? 1 : records
    gathered.bytes += bytes
    this.#timer ??= setTimeout(() => this.flush(), gatherMs).unref()
  }

  /** Tells what was gathered. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const { facts, times, bytes } of this.#gathered.values()) {
      const what =
        facts['refused'] === true
          ? 'a limit refused calls or records'
          : 'AWS would have refused calls or records'
      this.#warn({ ...facts, times, bytes }, what)
    }
    this.#gathered.clear()
  }
}
