import type { Clock, Stream } from 'millrace'

/** A click on a page, as the clicks stream has it. */
export interface Click {
  readonly page: string
}

/** All clicks of a user until half an hour passed without one. */
export interface Visit {
  readonly user: string
  readonly pages: readonly string[]
}

/** A user who has done nothing for so long has left. Milliseconds. */
export const visitIdleMs: number = 30 * 60_000

/**
 * The program under test: reads clicks, and writes a visit to another stream when a user has left. It takes its streams and
 * its clock from outside; that is all that a test asks of it.
 */
export class VisitCounter {
  readonly #visits: Stream<Visit>
  readonly #clock: Clock
  readonly #open: Map<string, { readonly pages: string[]; leave: () => void }> = new Map()

  constructor(visits: Stream<Visit>, clock: Clock) {
    this.#visits = visits
    this.#clock = clock
  }

  /** Follows the clicks until the signal is aborted. */
  async run(clicks: Stream<Click>, signal: AbortSignal): Promise<void> {
    try {
      for await (const { partitionKey: user, data } of clicks.read({ from: 'oldest', signal })) {
        const visit = this.#open.get(user) ?? { pages: [], leave: () => {} }
        visit.leave()
        visit.pages.push(data.page)
        visit.leave = this.#clock.after(visitIdleMs, () => void this.#end(user))
        this.#open.set(user, visit)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async #end(user: string): Promise<void> {
    const pages = this.#open.get(user)?.pages ?? []
    this.#open.delete(user)
    await this.#visits.put(user, { user, pages })
  }
}
