import { setTimeout } from 'node:timers/promises'
import { type KinesisClient, PutRecordsCommand, type PutRecordsRequestEntry } from '@aws-sdk/client-kinesis'
import { streamName } from './delivery-stream.ts'

/** As many as one PutRecords takes. */
const batchRecords = 500
/** Calls under way at once. */
const callsAtOnce = 4
/** Between tries of a batch. Milliseconds. */
const pauseMs = 50
/** A server that does not come back for so long does not come back. Milliseconds. */
const patienceMs = 60_000

/**
 * Puts records as a producer does that means to lose nothing: a batch whose answer never came is put again, and may then be
 * stored twice.
 */
export class Producer {
  /** Records that are acknowledged. */
  acknowledged = 0
  /** Batches that were put again. */
  again = 0
  readonly #client: KinesisClient
  #allowed = Number.POSITIVE_INFINITY
  #wake: () => void = () => {}
  #changed: Promise<void> = Promise.resolve()

  constructor(client: KinesisClient) {
    this.#client = client
  }

  /** Has it wait when so many are acknowledged, give or take the calls that are under way. */
  allow(records: number): void {
    this.#allowed = records
    this.#wake()
    this.#changed = new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  /** Resolves once all are acknowledged. */
  async put(entries: AsyncIterable<PutRecordsRequestEntry>): Promise<void> {
    const batches = batchesOf(entries)
    const work = async (): Promise<void> => {
      // Calls of `next` wait for each other: each gets a batch of its own.
      for (;;) {
        while (this.acknowledged >= this.#allowed) await this.#changed
        const next = await batches.next()
        if (next.done === true) return
        await this.#put(next.value)
      }
    }
    await Promise.all(Array.from({ length: callsAtOnce }, work))
  }

  async #put(batch: readonly PutRecordsRequestEntry[]): Promise<void> {
    const begunMs = performance.now()
    let left = batch
    for (;;) {
      try {
        const command = new PutRecordsCommand({ StreamName: streamName, Records: [...left] })
        const { Records: results = [] } = await this.#client.send(command)
        const refused = left.filter((_, index) => results[index]?.ErrorCode !== undefined)
        this.acknowledged += left.length - refused.length
        if (refused.length === 0) return
        left = refused
      } catch (error) {
        if (performance.now() - begunMs > patienceMs) throw error
      }
      this.again += 1
      await setTimeout(pauseMs)
    }
  }
}

async function* batchesOf(
  entries: AsyncIterable<PutRecordsRequestEntry>,
): AsyncGenerator<readonly PutRecordsRequestEntry[]> {
  let batch: PutRecordsRequestEntry[] = []
  for await (const entry of entries) {
    batch.push(entry)
    if (batch.length < batchRecords) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
