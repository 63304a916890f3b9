import type { RecordBatch, StartingPosition, Stream } from 'millrace'
import { emptyChain, extendChain, fingerprint } from './fingerprint.ts'
import { shardNumber } from './routing.ts'
import type { Stretch } from './verdict.ts'

/**
 * Reads a stream from one position on, and keeps of what it saw only counts and a chained checksum for each
 * shard.
 */
export class Consumer {
  readonly name: string
  bytes = 0
  /** From the first to the last record, milliseconds. */
  tookMs = 0
  readonly #position: StartingPosition
  readonly #records: number[]
  readonly #chains: number[]
  readonly #stop = new AbortController()

  constructor(name: string, position: StartingPosition, shards: number) {
    this.name = name
    this.#position = position
    this.#records = Array.from({ length: shards }, () => 0)
    this.#chains = Array.from({ length: shards }, () => emptyChain)
  }

  /** Records seen, in all shards. */
  get records(): number {
    return this.#records.reduce((sum, records) => sum + records, 0)
  }

  /** What was seen of each shard. */
  get seen(): Stretch[] {
    return this.#records.map((records, shard) => ({ records, chain: this.#chains[shard] ?? emptyChain }))
  }

  /** Ends `run`, also while it waits for records. */
  stop(): void {
    this.#stop.abort()
  }

  /**
   * Reads until `stop` is called. The position is taken at once: `latest` is the newest record at the call.
   *
   * @param onPage is called with each page once it was taken in
   */
  async run(stream: Stream<string>, onPage: (batch: RecordBatch<string>) => void): Promise<void> {
    const startedAt = performance.now()
    try {
      for await (const batch of stream.readBatches({ ...this.#position, signal: this.#stop.signal })) {
        this.#take(batch)
        this.tookMs = performance.now() - startedAt
        onPage(batch)
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error
    }
  }

  #take(batch: RecordBatch<string>): void {
    const shard = shardNumber(batch.shardId)
    let chain = this.#chains[shard] ?? emptyChain
    for (let index = 0; index < batch.length; index += 1) {
      const data = batch.bytes(index)
      this.bytes += data.length
      chain = extendChain(chain, fingerprint(batch.partitionKey(index), data))
    }
    this.#chains[shard] = chain
    this.#records[shard] = (this.#records[shard] ?? 0) + batch.length
  }
}
