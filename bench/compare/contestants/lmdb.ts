// lmdb: one environment, one database a shard. Keys are counters (uint32), which ascend, so records are appended
// (MDB_APPEND) and a counter is what a user notes of a record. Values are arrival, key and payload, built in one
// reused buffer, which a synchronous transaction copies at once. Arrivals ascend with the counters: a time is found
// by binary search, and no second index has to be kept.
//
// Chosen by measuring: databases with `append` are 1.3 times as fast as one with [shard, counter] keys; pages of
// 16 KiB fit records of 1 KiB better than 4 KiB; batches go faster without the write map, single appends with it
// (2.2 times); synchronous transactions go faster than batched asynchronous puts (2 times). `process`: noSync, which
// leaves committed pages in the page cache. `commit`: overlappingSync off, so a transaction returns after the sync.
import { mkdirSync } from 'node:fs'
import type { PutEntry } from 'millrace'
import { type Contestant, type ContestedLog, shards, type Terms, touch } from '../contestant.ts'
import { peerModule } from '../peers.ts'
import { lowerBound, shardOf } from '../routing.ts'

/** What is used of lmdb. */
interface Lmdb {
  open(options: Readonly<Record<string, unknown>>): Environment
}
interface Environment {
  openDB(options: Readonly<Record<string, unknown>>): Database
  transactionSync(work: () => void): void
  close(): Promise<void>
}
interface Database {
  put(key: number, value: Buffer, options: { readonly append: boolean }): unknown
  putSync(key: number, value: Buffer, options: { readonly append: boolean }): unknown
  /** Valid until the next read. */
  getBinaryFast(key: number): Buffer | undefined
  getRange(options: {
    readonly start?: number
    readonly limit?: number
  }): Iterable<{ readonly value: Buffer }>
  getKeys(options: { readonly reverse: boolean; readonly limit: number }): Iterable<number>
  /** Walks through all keys. */
  getCount(): number
}

interface LmdbPlace {
  readonly shard: number
  readonly counter: number
}

/** Arrival, then the length of the key. */
const headerBytes = 8 + 2
const append = { append: true }

export const lmdb: Contestant = {
  open: async (folder, terms) => new LmdbLog(environmentIn(folder, terms), terms.nowMs),
}

/** The same store, read by one get after the other where a range would do: less for the eye, more for the clock. */
export const lmdbByGets: Contestant = {
  open: async (folder, terms) => new LmdbLogByGets(environmentIn(folder, terms), terms.nowMs),
}

function environmentIn(folder: string, { durability, calls }: Terms): Environment {
  mkdirSync(folder, { recursive: true })
  return peerModule<Lmdb>('lmdb').open({
    path: folder,
    maxDbs: shards,
    mapSize: 16 * 2 ** 30,
    noMemInit: true,
    pageSize: 16384,
    ...(durability === 'process' ? { noSync: true } : { overlappingSync: false }),
    useWritemap: durability === 'process' && calls === 'singles',
  })
}

class LmdbLog implements ContestedLog {
  readonly #environment: Environment
  readonly #nowMs: Terms['nowMs']
  protected readonly databases: readonly Database[]
  /** The last counter of each shard; they begin at 1. */
  protected readonly last: number[]
  #value = Buffer.alloc(0)

  constructor(environment: Environment, nowMs: Terms['nowMs']) {
    this.#environment = environment
    this.#nowMs = nowMs
    this.databases = Array.from({ length: shards }, (_, shard) =>
      environment.openDB({ name: `shard-${shard}`, encoding: 'binary', keyEncoding: 'uint32' }),
    )
    this.last = this.databases.map((database) => [...database.getKeys({ reverse: true, limit: 1 })][0] ?? 0)
  }

  putBatch(entries: readonly PutEntry[]): void {
    const nowMs = this.#nowMs()
    this.#environment.transactionSync(() => {
      for (const entry of entries) {
        const shard = shardOf(entry.partitionKey)
        this.#databaseOf(shard).put(this.#count(shard), this.#valueOf(entry, nowMs), append)
      }
    })
  }

  append(entry: PutEntry): void {
    const shard = shardOf(entry.partitionKey)
    this.#databaseOf(shard).putSync(this.#count(shard), this.#valueOf(entry, this.#nowMs()), append)
  }

  sumOfAll(): number {
    let sum = 0
    for (const database of this.databases) {
      for (const { value } of database.getRange({})) sum += touchValue(value)
    }
    return sum
  }

  async places(count: number): Promise<readonly LmdbPlace[]> {
    const step = Math.max(1, Math.floor(this.count() / count))
    return this.last.flatMap((last, shard) =>
      Array.from({ length: Math.floor(last / step) }, (_, index) => ({ shard, counter: 1 + index * step })),
    )
  }

  sumAt({ shard, counter }: LmdbPlace): number {
    return touchValue(this.#databaseOf(shard).getBinaryFast(counter) as Buffer)
  }

  sumFrom(shard: number, timeMs: number, count: number): number {
    let sum = 0
    for (const { value } of this.#databaseOf(shard).getRange({
      start: this.counterAt(shard, timeMs),
      limit: count,
    })) {
      sum += touchValue(value)
    }
    return sum
  }

  count(): number {
    return this.databases.reduce((sum, database) => sum + database.getCount(), 0)
  }

  close(): Promise<void> {
    return this.#environment.close()
  }

  /** The first record that arrived then or later. */
  protected counterAt(shard: number, timeMs: number): number {
    const database = this.#databaseOf(shard)
    const arrivalAt = (index: number): number => (database.getBinaryFast(1 + index) as Buffer).readDoubleLE(0)
    return 1 + lowerBound(this.last[shard] as number, timeMs, arrivalAt)
  }

  #databaseOf(shard: number): Database {
    return this.databases[shard] as Database
  }

  #count(shard: number): number {
    const counter = (this.last[shard] as number) + 1
    this.last[shard] = counter
    return counter
  }

  #valueOf({ partitionKey, data }: PutEntry, nowMs: number): Buffer {
    const dataAt = headerBytes + partitionKey.length
    if (this.#value.length !== dataAt + data.length) this.#value = Buffer.alloc(dataAt + data.length)
    this.#value.writeDoubleLE(nowMs, 0)
    this.#value.writeUInt16LE(partitionKey.length, 8)
    this.#value.write(partitionKey, headerBytes, 'latin1')
    this.#value.set(data, dataAt)
    return this.#value
  }
}

class LmdbLogByGets extends LmdbLog {
  override sumOfAll(): number {
    return this.last.reduce((sum, last, shard) => sum + this.#sumOf(shard, 1, last), 0)
  }

  override sumFrom(shard: number, timeMs: number, count: number): number {
    const from = this.counterAt(shard, timeMs)
    return this.#sumOf(shard, from, Math.min(from + count - 1, this.last[shard] as number))
  }

  #sumOf(shard: number, from: number, to: number): number {
    const database = this.databases[shard] as Database
    let sum = 0
    for (let counter = from; counter <= to; counter++)
      sum += touchValue(database.getBinaryFast(counter) as Buffer)
    return sum
  }
}

function touchValue(value: Buffer): number {
  return touch(value.subarray(headerBytes + value.readUInt16LE(8)))
}
