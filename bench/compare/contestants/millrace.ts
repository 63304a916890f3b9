// millrace as its documentation says: one stream, one call a batch; readers of all records reuse their memory.
import {
  type Clock,
  open,
  type OpenOptions,
  type PutEntry,
  type Store,
  type Stream,
  systemClock,
} from 'millrace'
import { type Contestant, type ContestedLog, shards, type Terms, touch } from '../contestant.ts'

export const millrace: Contestant = {
  async open(folder, terms) {
    const store = await open(folder, optionsFor(terms))
    const known = store.listStreams().some(({ name }) => name === 'bench')
    const stream = known ? store.stream('bench') : await store.createStream('bench', { shards })
    return new MillraceLog(store, stream)
  },
}

/** What a user notes of a record: it comes with the result of a put and with the record. */
interface MillracePlace {
  readonly sequenceNumber: string
}

const reuseMemory = { reuse: true }

export class MillraceLog implements ContestedLog {
  readonly #store: Store
  readonly stream: Stream
  readonly #shardIds: readonly string[]

  constructor(store: Store, stream: Stream) {
    this.#store = store
    this.stream = stream
    this.#shardIds = stream.shards().map(({ shardId }) => shardId)
  }

  async putBatch(entries: readonly PutEntry[]): Promise<void> {
    const results = await this.stream.putBatch(entries)
    if (results.at(-1)?.ok !== true) throw new Error('a batch was not stored')
  }

  append({ partitionKey, data }: PutEntry): void | Promise<void> {
    this.stream.append(partitionKey, data)
  }

  async put({ partitionKey, data }: PutEntry): Promise<void> {
    await this.stream.put(partitionKey, data)
  }

  async sumOfAll(): Promise<number> {
    let sum = 0
    for await (const batch of this.stream.readBatches({ from: 'oldest', until: 'tail', reuse: true })) {
      for (let index = 0; index < batch.length; index++) sum += touch(batch.data(index))
    }
    return sum
  }

  async places(count: number): Promise<readonly MillracePlace[]> {
    const step = Math.max(1, Math.floor((await this.count()) / count))
    const places: MillracePlace[] = []
    for await (const batch of this.stream.readBatches({ from: 'oldest', until: 'tail' })) {
      for (let index = 0; index < batch.length; index += step) {
        places.push({ sequenceNumber: batch.sequenceNumber(index) })
      }
    }
    return places
  }

  sumAt({ sequenceNumber }: MillracePlace): number {
    const record = this.stream.getSync(sequenceNumber, reuseMemory)
    if (record === undefined) throw new Error(`nothing at ${sequenceNumber}`)
    return touch(record.data)
  }

  async sumFrom(shard: number, timeMs: number, count: number): Promise<number> {
    const shardId = this.#shardIds[shard]
    const reader = this.stream.readBatches({
      from: 'time',
      arrivedAtMs: timeMs,
      shardId,
      batchRecords: count,
      reuse: true,
    })
    let sum = 0
    let left = count
    for await (const batch of reader) {
      const length = Math.min(left, batch.length)
      for (let index = 0; index < length; index++) sum += touch(batch.data(index))
      left -= length
      if (left === 0) break
    }
    return sum
  }

  async count(): Promise<number> {
    return (await this.stream.stats()).recordsMax
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

/** With a clock that tells the terms' time: records then arrive when the workload says. */
function optionsFor({ durability, nowMs }: Terms): OpenOptions {
  const startedAtMs = nowMs()
  const clock: Clock = {
    nowMs,
    monotonicMs: () => nowMs() - startedAtMs,
    after: (ms, callback) => systemClock.after(ms, callback),
  }
  // Versions that do not know 'commit' refuse it by name; the question's cell then says so.
  return { clock, durability } as OpenOptions
}
