import { setTimeout } from 'node:timers/promises'
import { count } from '../flights/figures.ts'
import type { Bucket } from './bucket.ts'
import type { Producer } from './producer.ts'
import type { ServerProcess } from './server-process.ts'

/** How often is looked. Milliseconds. */
const lookMs = 25

/** Kills the server while it delivers. */
export class Interruptions {
  readonly #server: ServerProcess
  readonly #bucket: Bucket
  readonly #producer: Producer
  readonly #say: (line: string) => void

  constructor(server: ServerProcess, bucket: Bucket, producer: Producer, say: (line: string) => void) {
    this.#server = server
    this.#bucket = bucket
    this.#producer = producer
    this.#say = say
  }

  /**
   * Each time when another share of the records is acknowledged, has what is buffered delivered, and kills the server when some
   * objects are there and others are not, while records are put: objects and records may come again then, and none is lost.
   * To be called before the producer begins.
   *
   * @param records that are put, all in all
   * @param signal ends it, when the producer has failed
   */
  async run(kills: number, records: number, signal: AbortSignal): Promise<void> {
    const share = records / (kills + 1)
    if (kills > 0) this.#producer.allow(share)
    for (let kill = 1; kill <= kills; kill++) {
      await this.#until(signal, () => this.#producer.acknowledged >= share * kill)
      const before = await this.#bucket.count()
      const flush = this.#flush()
      let after = before
      const delivering = async (): Promise<boolean> => (after = await this.#bucket.count()) > before + kill
      await this.#until(signal, async () => (await delivering()) || flush.over)
      await this.#resume(kill === kills ? Number.POSITIVE_INFINITY : share * (kill + 1), records, signal)
      await this.#server.killAndRestart()
      await flush.ended
      const [acknowledged, objects] = [count(this.#producer.acknowledged), count(after - before)]
      this.#say(
        `killed the server at ${acknowledged} flights, ${objects} objects after the last time; it is back`,
      )
    }
  }

  /** Resolves once the producer has put something more, if there is something. */
  async #resume(allowed: number, records: number, signal: AbortSignal): Promise<void> {
    const before = this.#producer.acknowledged
    this.#producer.allow(allowed)
    await this.#until(signal, () => this.#producer.acknowledged > before || before >= records)
  }

  /** Nobody minds if it fails: the server is killed. */
  #flush(): Flush {
    const flush = { over: false, ended: Promise.resolve() }
    flush.ended = this.#server
      .flush()
      .catch(() => {})
      .finally(() => {
        flush.over = true
      })
    return flush
  }

  async #until(signal: AbortSignal, reached: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await reached())) await setTimeout(lookMs, undefined, { signal })
  }
}

interface Flush {
  readonly over: boolean
  readonly ended: Promise<void>
}
