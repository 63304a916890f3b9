import { availableParallelism } from 'node:os'
import { HelperThread, type RequestOptions, type ThreadOptions } from './thread.ts'
import { ThreadFailure } from './thread-failure.ts'

/** Fewer, and one request that does not end holds up all others until it is stopped. */
const threadsMin = 2
/** More would keep processors from the event loop. */
const threadsMax = 4

/** A few threads that do one kind of work for everybody in this process. */
class Pool {
  readonly threads: readonly HelperThread[]
  users = 0

  constructor(module: URL, options: ThreadOptions) {
    const count = Math.min(threadsMax, Math.max(threadsMin, availableParallelism()))
    this.threads = Array.from({ length: count }, () => new HelperThread(module, options))
  }
}

const pools: Map<string, Pool> = new Map()

/**
 * A share in the threads of one module. Those of a process are shared by all who use them: as many as it has processors,
 * two at least, four at most. Each starts when it is first needed; all end when the last share is closed.
 */
export class ThreadShare {
  readonly #module: string
  readonly #pool: Pool
  #closed = false

  /**
   * @param module exports `work`, such as `builtModule('firehose/processing/query-work')`
   * @param options the same for all shares of a module
   */
  constructor(module: URL, options: ThreadOptions = {}) {
    this.#module = module.href
    this.#pool = pools.get(this.#module) ?? new Pool(module, options)
    pools.set(this.#module, this.#pool)
    this.#pool.users += 1
  }

  /**
   * Asks the thread with the least to do. Requests may overtake each other.
   *
   * @throws ThreadFailure, or the signal's reason
   */
  async request<Answer>(request: unknown, options: RequestOptions): Promise<Answer> {
    if (this.#closed) throw new ThreadFailure('closed', 'the share in helper threads is closed')
    const thread = this.#pool.threads.reduce((least, each) => (each.pending < least.pending ? each : least))
    return thread.request(request, options)
  }

  /** The last one to close ends the threads; until then, requests under way are still answered. May be called again. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#pool.users -= 1
    if (this.#pool.users > 0) return
    pools.delete(this.#module)
    await Promise.all(this.#pool.threads.map((thread) => thread.close()))
  }
}
