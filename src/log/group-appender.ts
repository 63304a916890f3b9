import type { NativeEngine, NativeShardLog } from '../native/addon.ts'
import { awaitNative, callNative, fromNative } from '../native/failure.ts'
import type { AppendBatch, Appended } from './log.ts'

interface Request {
  readonly log: NativeShardLog
  readonly batch: AppendBatch
  readonly out: Appended
  resolve(appended: number): void
  reject(error: unknown): void
}

/**
 * Appends to the logs of one engine that waits for the disk: one commit at a time, on a helper thread. What comes
 * in one turn, to whatever logs, goes together, and so does what comes while a commit is under way: groups grow as
 * large as the disk is slow, and no timer holds anything back.
 */
export class GroupAppender {
  readonly #native: NativeEngine
  #waiting: Request[] = []
  /** A commit is under way, or will begin at the end of this turn. */
  #running: Promise<void> | undefined

  constructor(native: NativeEngine) {
    this.#native = native
  }

  /** As `ShardLog.append`. The arrays of the batch must be left alone until it is answered. */
  append(log: NativeShardLog, batch: AppendBatch, out: Appended): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ log, batch, out, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves once nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    await Promise.resolve() // the other shards of the batch
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0))
    this.#running = undefined
  }

  async #commit(requests: readonly Request[]): Promise<void> {
    const parts = requests.flatMap(({ log, batch: { bytes, columns, order, from, count, timeMs }, out }) => [
      log,
      bytes,
      columns,
      order,
      from,
      count,
      timeMs,
      out.offsets,
      out.timesMs,
    ])
    try {
      const answers = await awaitNative(callNative(() => this.#native.appendTogether(parts)))
      for (const [index, request] of requests.entries()) {
        const answer = answers[index] as (typeof answers)[number]
        if (typeof answer === 'number') request.resolve(answer)
        else request.reject(fromNative(answer))
      }
    } catch (error) {
      for (const request of requests) request.reject(error)
    }
  }
}
