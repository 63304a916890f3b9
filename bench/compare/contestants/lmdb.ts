// lmdb: one environment, one database a shard. Keys are arrival and counter, 10 bytes: they ascend, so records are
// appended (MDB_APPEND); a range read finds a time, and a key is what a user notes of a record. Values are arrival,
// key and payload, built in one reused buffer, which a synchronous transaction copies at once.
//
// Chosen by measuring: databases with `append` are 1.3 times as fast as one with [shard, counter] keys; pages of
// 16 KiB fit records of 1 KiB better than 4 KiB; batches go faster without the write map, single appends with it
// (2.2 times); synchronous transactions go faster than batched asynchronous puts (2 times). `process`: noSync, which
// leaves committed pages in the page cache. `commit`: overlappingSync off, so a transaction returns after the sync.
import { mkdirSync } from 'node:fs'
import type { PutEntry } from 'millrace'
import { type Contestant, type ContestedLog, shards, type Terms, touch } from '../contestant.ts'
import { peerModule } from '../peers.ts'
import { shardOf } from '../routing.ts'

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
  put(key: Buffer, value: Buffer, options: { readonly append: boolean }): unknown
  putSync(key: Buffer, value: Buffer, options: { readonly append: boolean }): unknown
  getBinaryFast(key: Buffer): Buffer | undefined
  getKeys(): Iterable<Buffer>
  getRange(options: {
    readonly start?: Buffer
    readonly limit?: number
  }): Iterable<{ readonly value: Buffer }>
  getCount(): number
}

interface LmdbPlace {
  readonly database: Database
  readonly key: Buffer
}

const timeBytes = 6
const counterBytes = 4
const headerBytes = 8 + 2
const append = { append: true }
const binary = { encoding: 'binary', keyEncoding: 'binary' }

export const lmdb: Contestant = {
  async open(folder, terms) {
    mkdirSync(folder, { recursive: true })
    const { open } = peerModule<Lmdb>('lmdb')
    const environment = open({
      path: folder,
      ...binary,
      maxDbs: shards,
      mapSize: 16 * 2 ** 30,
      noMemInit: true,
      pageSize: 16384,
      ...(terms.durability === 'process' ? { noSync: true } : { overlappingSync: false }),
      useWritemap: terms.durability === 'process' && terms.calls === 'singles',
    })
    return new LmdbLog(environment, terms)
  },
}

class LmdbLog implements ContestedLog {
  readonly #environment: Environment
  readonly #nowMs: () => number
  readonly #databases: readonly Database[]
  readonly #key = Buffer.alloc(timeBytes + counterBytes)
  #value = Buffer.alloc(0)
  #timeMs = 0
  /** Grows through all shards. A process begins anew: its arrivals are later. */
  #counter = 0

  constructor(environment: Environment, { nowMs }: Terms) {
    this.#environment = environment
    this.#nowMs = nowMs
    this.#databases = Array.from({ length: shards }, (_, shard) =>
      environment.openDB({ name: `shard-${shard}`, ...binary }),
    )
  }

  putBatch(entries: readonly PutEntry[]): void {
    this.#stamp()
    this.#environment.transactionSync(() => {
      for (const entry of entries) this.#place(entry).put(this.#key, this.#value, append)
    })
  }

  append(entry: PutEntry): void {
    this.#stamp()
    this.#place(entry).putSync(this.#key, this.#value, append)
  }

  sumOfAll(): number {
    let sum = 0
    for (const database of this.#databases)
      for (const { value } of database.getRange({})) sum += touchValue(value)
    return sum
  }

  async places(count: number): Promise<readonly LmdbPlace[]> {
    const step = Math.max(1, Math.floor(this.count() / count))
    return this.#databases.flatMap((database) =>
      [...database.getKeys()]
        .filter((_, index) => index % step === 0)
        .map((key) => ({ database, key: Buffer.from(key) })),
    )
  }

  sumAt({ database, key }: LmdbPlace): number {
    return touchValue(database.getBinaryFast(key) as Buffer)
  }

  sumFrom(shard: number, timeMs: number, count: number): number {
    const start = Buffer.alloc(timeBytes)
    start.writeUIntBE(timeMs, 0, timeBytes)
    let sum = 0
    for (const { value } of (this.#databases[shard] as Database).getRange({ start, limit: count })) {
      sum += touchValue(value)
    }
    return sum
  }

  count(): number {
    return this.#databases.reduce((sum, database) => sum + database.getCount(), 0)
  }

  close(): Promise<void> {
    return this.#environment.close()
  }

  #stamp(): void {
    const nowMs = this.#nowMs()
    if (nowMs === this.#timeMs) return
    this.#timeMs = nowMs
    this.#key.writeUIntBE(nowMs, 0, timeBytes)
  }

  /** Leaves key and value of the record in their buffers, and answers the database they belong to. */
  #place({ partitionKey, data }: PutEntry): Database {
    this.#key.writeUInt32BE((this.#counter += 1), timeBytes)
    const dataAt = headerBytes + partitionKey.length
    if (this.#value.length !== dataAt + data.length) this.#value = Buffer.alloc(dataAt + data.length)
    this.#value.writeDoubleLE(this.#timeMs, 0)
    this.#value.writeUInt16LE(partitionKey.length, 8)
    this.#value.write(partitionKey, headerBytes, 'latin1')
    this.#value.set(data, dataAt)
    return this.#databases[shardOf(partitionKey)] as Database
  }
}

function touchValue(value: Buffer): number {
  return touch(value.subarray(headerBytes + value.readUInt16LE(8)))
}
