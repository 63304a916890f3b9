// better-sqlite3: one table in WAL mode, prepared statements, one transaction a batch. The rowid holds shard and
// counter, so the table is its own index; arrivals ascend with it, so a time is found by binary search and no second
// index has to be kept.
//
// Chosen by measuring: pages of 16 KiB for batches (1.4 times), of 4 KiB for single appends (1.4 times); exclusive
// locking and a mapped file. `process`: synchronous = OFF, which leaves commits in the page cache. `commit`: FULL.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { PutEntry } from 'millrace'
import { type Contestant, type ContestedLog, shards, type Terms, touch } from '../contestant.ts'
import { peerModule } from '../peers.ts'
import { lowerBound, shardOf } from '../routing.ts'

/** What is used of better-sqlite3. */
interface Database {
  pragma(text: string): unknown
  exec(sql: string): void
  prepare(sql: string): Statement
  transaction<Argument>(work: (argument: Argument) => void): (argument: Argument) => void
  close(): void
}
interface Statement {
  run(...values: readonly unknown[]): unknown
  get(...values: readonly unknown[]): unknown
  iterate(...values: readonly unknown[]): Iterable<unknown>
  all(...values: readonly unknown[]): readonly unknown[]
  /** Rows as their only column. */
  pluck(): Statement
}

/** Counters of one shard. */
const idsOfShard = 2 ** 45

export const sqlite: Contestant = {
  async open(folder, { durability, calls, nowMs }) {
    mkdirSync(folder, { recursive: true })
    const Sqlite = peerModule<new (file: string) => Database>('better-sqlite3')
    const database = new Sqlite(join(folder, 'records.sqlite'))
    database.pragma(`page_size = ${calls === 'batches' ? 16384 : 4096}`)
    database.pragma('locking_mode = EXCLUSIVE')
    database.pragma('journal_mode = WAL')
    database.pragma(`synchronous = ${durability === 'commit' ? 'FULL' : 'OFF'}`)
    database.pragma('cache_size = -65536')
    database.pragma(`mmap_size = ${4 * 2 ** 30}`)
    database.exec(
      'CREATE TABLE IF NOT EXISTS records (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL)',
    )
    return new SqliteLog(database, nowMs)
  },
}

class SqliteLog implements ContestedLog {
  readonly #database: Database
  readonly #nowMs: Terms['nowMs']
  readonly #insert: Statement
  readonly #dataOfId: Statement
  readonly #timeOfId: Statement
  readonly #dataFromId: Statement
  /** The highest id of each shard. */
  readonly #last: number[]
  readonly #insertAll: (entries: readonly PutEntry[]) => void

  constructor(database: Database, nowMs: Terms['nowMs']) {
    this.#database = database
    this.#nowMs = nowMs
    this.#insert = database.prepare('INSERT INTO records VALUES (?, ?, ?, ?)')
    this.#dataOfId = database.prepare('SELECT data FROM records WHERE id = ?').pluck()
    this.#timeOfId = database.prepare('SELECT time FROM records WHERE id = ?').pluck()
    this.#dataFromId = database
      .prepare('SELECT data FROM records WHERE id BETWEEN ? AND ? ORDER BY id')
      .pluck()
    const last = database.prepare('SELECT max(id) FROM records WHERE id BETWEEN ? AND ?').pluck()
    this.#last = Array.from({ length: shards }, (_, shard) => {
      const base = shard * idsOfShard
      return (last.get(base, base + idsOfShard - 1) as number | null) ?? base
    })
    this.#insertAll = database.transaction((entries) => {
      const timeMs = this.#nowMs()
      for (const entry of entries) this.#insertOne(entry, timeMs)
    })
  }

  putBatch(entries: readonly PutEntry[]): void {
    this.#insertAll(entries)
  }

  append(entry: PutEntry): void {
    this.#insertOne(entry, this.#nowMs())
  }

  sumOfAll(): number {
    let sum = 0
    const all = this.#database.prepare('SELECT data FROM records ORDER BY id').pluck()
    for (const data of all.iterate()) sum += touch(data as Buffer)
    return sum
  }

  async places(count: number): Promise<readonly number[]> {
    const step = Math.max(1, Math.floor(this.count() / count))
    const ids = this.#database
      .prepare('SELECT id FROM records ORDER BY id')
      .pluck()
      .all() as readonly number[]
    return ids.filter((_, index) => index % step === 0)
  }

  sumAt(place: number): number {
    return touch(this.#dataOfId.get(place) as Buffer)
  }

  sumFrom(shard: number, timeMs: number, count: number): number {
    const first = shard * idsOfShard + 1
    const records = (this.#last[shard] as number) - first + 1
    const from = first + lowerBound(records, timeMs, (index) => this.#timeOfId.get(first + index) as number)
    let sum = 0
    for (const data of this.#dataFromId.all(from, from + count - 1)) sum += touch(data as Buffer)
    return sum
  }

  count(): number {
    return this.#database.prepare('SELECT count(*) FROM records').pluck().get() as number
  }

  async close(): Promise<void> {
    this.#database.close()
  }

  #insertOne({ partitionKey, data }: PutEntry, timeMs: number): void {
    const shard = shardOf(partitionKey)
    const id = (this.#last[shard] as number) + 1
    this.#last[shard] = id
    this.#insert.run(id, timeMs, partitionKey, data)
  }
}
