import { type KinesisClient, PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis'
import type { Clock } from 'millrace'

/** As many as one PutRecords takes. */
const batchRecords = 500
/** The first wait after a refusal; it doubles up to the longest. Milliseconds. */
const firstPauseMs = 100
const longestPauseMs = 1_000

/** What became of a producer's work. */
export interface ProducerCounts {
  /** Records that are stored. */
  stored: number
  /** Entries that were refused for a while, counted each time. */
  throttled: number
  /** Waits between tries. */
  pauses: number
}

/**
 * Puts records as a producer does that means to lose nothing: what a shard refuses is put again a little later, with
 * growing pauses, before anything else is put.
 */
export class Producer {
  readonly counts: ProducerCounts = { stored: 0, throttled: 0, pauses: 0 }
  readonly #client: KinesisClient
  readonly #stream: string
  readonly #clock: Clock

  constructor(client: KinesisClient, stream: string, clock: Clock) {
    this.#client = client
    this.#stream = stream
    this.#clock = clock
  }

  /** Resolves once all are stored. */
  async put(entries: readonly PutRecordsRequestEntry[]): Promise<void> {
    for (let from = 0; from < entries.length; from += batchRecords) {
      await this.#putBatch(entries.slice(from, from + batchRecords))
    }
  }

  async #putBatch(batch: readonly PutRecordsRequestEntry[]): Promise<void> {
    let left = batch
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      const { Records: results = [] } = await this.#client.send(
        new PutRecordsCommand({ StreamName: this.#stream, Records: [...left] }),
      )
      const refused = left.filter((_, index) => {
        const error = results[index]?.ErrorCode
        if (error !== undefined && error !== 'ProvisionedThroughputExceededException')
          throw new Error(`an entry failed: ${error}: ${results[index]?.ErrorMessage}`)
        return error !== undefined
      })
      this.counts.stored += left.length - refused.length
      this.counts.throttled += refused.length
      if (refused.length === 0) return
      left = refused
      this.counts.pauses += 1
      await new Promise<void>((resolve) => {
        this.#clock.after(pauseMs, resolve)
      })
    }
  }
}
