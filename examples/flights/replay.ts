import { setImmediate as nextTurn } from 'node:timers/promises'
import type { PutEntry, Stream } from 'millrace'
import { shardFinder } from './routing.ts'
import type { FlightSource } from './source.ts'

/** As many as one PutRecords call of Kinesis takes. */
const batchRecords = 500
/** Work this long, then let the process hear signals and timers. Milliseconds. */
const turnMs = 10

/** What is known to be stored: the sum of what `putBatch` acknowledged. */
export interface Acknowledged {
  readonly records: number
  /** Bytes of the JSON texts. */
  readonly bytes: number
}

/** How a replay ended. */
export interface ReplayResult extends Acknowledged {
  /** Every row is stored; false when it was told to stop. */
  readonly complete: boolean
}

/** One pass over the source. */
export interface ReplayOrder {
  /** Rows to store, from the first one on. */
  readonly rows: number
  /** Records of this replay that each shard has already, from an earlier run. */
  readonly stored: readonly number[]
  /** Stops after the batch in flight. */
  readonly signal: AbortSignal
  readonly onProgress: (soFar: Acknowledged) => void
}

/**
 * Stores the first rows of the source in the file's order. After an interruption, even in the middle of a batch,
 * what each shard has is a prefix of what it is to get: it is passed over, shard by shard, and the rest follows.
 */
export async function replay(
  stream: Stream<string>,
  source: FlightSource,
  { rows, stored, signal, onProgress }: ReplayOrder,
): Promise<ReplayResult> {
  const sender = new Sender(stream)
  const passOver = [...stored]
  const shardFor = shardFinder(stored.length)
  let left = stored.reduce((sum, records) => sum + records, 0)
  let turnEndsAt = performance.now() + turnMs
  for await (const page of source.pages(rows)) {
    for (let index = 0; index < page.count; index += 1) {
      const origin = page.origins[index] ?? ''
      if (left > 0) {
        const shard = shardFor(origin)
        if ((passOver[shard] ?? 0) > 0) {
          passOver[shard] = (passOver[shard] ?? 0) - 1
          left -= 1
          continue
        }
      }
      if (sender.add(origin, page.json(index))) {
        await sender.send()
        onProgress(sender.acknowledged)
        if (performance.now() < turnEndsAt) continue
        await nextTurn()
        if (signal.aborted) return { ...sender.acknowledged, complete: false }
        turnEndsAt = performance.now() + turnMs
      }
    }
  }
  await sender.send()
  onProgress(sender.acknowledged)
  return { ...sender.acknowledged, complete: true }
}

/** Collects records and puts them in batches. */
class Sender {
  readonly #stream: Stream<string>
  #batch: PutEntry<string>[] = []
  #records = 0
  #bytes = 0

  constructor(stream: Stream<string>) {
    this.#stream = stream
  }

  get acknowledged(): Acknowledged {
    return { records: this.#records, bytes: this.#bytes }
  }

  /** Answers whether the batch is full. */
  add(partitionKey: string, data: string): boolean {
    return this.#batch.push({ partitionKey, data }) === batchRecords
  }

  async send(): Promise<void> {
    const batch = this.#batch
    this.#batch = []
    const results = await this.#stream.putBatch(batch)
    for (const [index, result] of results.entries()) {
      // The records behind a refused one may be stored, in other shards; the next run counts them.
      if (!result.ok) throw result.error
      this.#records += 1
      this.#bytes += batch[index]?.data.length ?? 0
    }
  }
}
