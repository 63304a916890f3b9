// Nothing but arrays of objects in memory, one a shard: survives nothing, and says what the language itself costs.
// Payloads are copied, as everybody else's are: the caller may use its buffer again.
import type { PutEntry } from 'millrace'
import { type Contestant, type ContestedLog, shards, touch } from '../contestant.ts'
import { lowerBound, shardOf } from '../routing.ts'

interface Kept {
  readonly partitionKey: string
  readonly data: Uint8Array
  readonly timeMs: number
}

export const arrays: Contestant = {
  async open(_folder, { nowMs }) {
    return new Arrays(nowMs)
  },
}

class Arrays implements ContestedLog {
  readonly #nowMs: () => number
  readonly #shards: readonly Kept[][] = Array.from({ length: shards }, () => [])

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  putBatch(entries: readonly PutEntry[]): void {
    const timeMs = this.#nowMs()
    for (const entry of entries) this.#keep(entry, timeMs)
  }

  append(entry: PutEntry): void {
    this.#keep(entry, this.#nowMs())
  }

  sumOfAll(): number {
    let sum = 0
    for (const records of this.#shards) for (const { data } of records) sum += touch(data)
    return sum
  }

  async places(count: number): Promise<readonly { readonly shard: number; readonly index: number }[]> {
    const step = Math.max(1, Math.floor(this.count() / count))
    return this.#shards.flatMap((records, shard) =>
      records.flatMap((_, index) => (index % step === 0 ? [{ shard, index }] : [])),
    )
  }

  sumAt({ shard, index }: { readonly shard: number; readonly index: number }): number {
    return touch(((this.#shards[shard] as readonly Kept[])[index] as Kept).data)
  }

  sumFrom(shard: number, timeMs: number, count: number): number {
    const records = this.#shards[shard] as readonly Kept[]
    const from = lowerBound(records.length, timeMs, (index) => (records[index] as Kept).timeMs)
    let sum = 0
    for (let index = from; index < Math.min(from + count, records.length); index++) {
      sum += touch((records[index] as Kept).data)
    }
    return sum
  }

  count(): number {
    return this.#shards.reduce((sum, { length }) => sum + length, 0)
  }

  async close(): Promise<void> {}

  #keep({ partitionKey, data }: PutEntry, timeMs: number): void {
    this.#shards[shardOf(partitionKey)]?.push({ partitionKey, data: Buffer.from(data), timeMs })
  }
}
