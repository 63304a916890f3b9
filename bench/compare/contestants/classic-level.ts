// classic-level (LevelDB): one store; keys are shard, arrival and counter, 11 bytes, so a range read finds a time.
// Compression is off: payloads do not compress. It has no synchronous put, so appends are awaited. `commit`: sync, one
// a batch.
//
// Chosen by measuring: a chained batch, whose puts copy at once and so share one buffer, is up to twice as fast as an
// array of puts; a write buffer of 64 MiB 1.3 to 2.5 times as fast as the usual 4 MiB; 256 MiB gain nothing more.
import { mkdirSync } from 'node:fs'
import type { PutEntry } from 'millrace'
import { type Contestant, type ContestedLog, type Terms, touch } from '../contestant.ts'
import { peerModule } from '../peers.ts'
import { shardOf } from '../routing.ts'

/** What is used of classic-level. */
interface ClassicLevelModule {
  readonly ClassicLevel: new (folder: string, options: Readonly<Record<string, unknown>>) => Level
}
interface Level {
  open(options: Readonly<Record<string, unknown>>): Promise<void>
  batch(): Batch
  put(key: Buffer, value: Buffer, options: { readonly sync: boolean }): Promise<void>
  getSync(key: Uint8Array): Uint8Array
  iterator(options: Readonly<Record<string, unknown>>): Iterator
  keys(): { all(): Promise<Uint8Array[]> }
  close(): Promise<void>
}
interface Iterator {
  nextv(size: number): Promise<[key: unknown, value: Uint8Array][]>
  close(): Promise<void>
}
interface Batch {
  /** Copies both. */
  put(key: Buffer, value: Buffer): unknown
  write(options: { readonly sync: boolean }): Promise<void>
}

const keyBytes = 11
const headerBytes = 8 + 2
const pageRecords = 1000

export const classicLevel: Contestant = {
  async open(folder, terms) {
    mkdirSync(folder, { recursive: true })
    const { ClassicLevel } = peerModule<ClassicLevelModule>('classic-level')
    const level = new ClassicLevel(folder, { keyEncoding: 'view', valueEncoding: 'view' })
    await level.open({ compression: false, writeBufferSize: 64 * 2 ** 20, cacheSize: 64 * 2 ** 20 })
    return new LevelLog(level, terms)
  },
}

class LevelLog implements ContestedLog {
  readonly #level: Level
  readonly #nowMs: () => number
  readonly #sync: { readonly sync: boolean }
  readonly #key = Buffer.alloc(keyBytes)
  #value = Buffer.alloc(0)
  #counter = 0

  constructor(level: Level, { nowMs, durability }: Terms) {
    this.#level = level
    this.#nowMs = nowMs
    this.#sync = { sync: durability === 'commit' }
  }

  putBatch(entries: readonly PutEntry[]): Promise<void> {
    const nowMs = this.#nowMs()
    const batch = this.#level.batch()
    for (const entry of entries) {
      this.#place(entry, nowMs)
      batch.put(this.#key, this.#value)
    }
    return batch.write(this.#sync)
  }

  append(entry: PutEntry): Promise<void> {
    this.#place(entry, this.#nowMs())
    return this.#level.put(this.#key, this.#value, this.#sync)
  }

  sumOfAll(): Promise<number> {
    return this.#sum({}, Number.POSITIVE_INFINITY)
  }

  async places(count: number): Promise<readonly Uint8Array[]> {
    const keys = await this.#level.keys().all()
    const step = Math.max(1, Math.floor(keys.length / count))
    return keys.filter((_, index) => index % step === 0)
  }

  sumAt(place: Uint8Array): number {
    return touchValue(this.#level.getSync(place))
  }

  sumFrom(shard: number, timeMs: number, count: number): Promise<number> {
    const gte = Buffer.alloc(7)
    gte[0] = shard
    gte.writeUIntBE(timeMs, 1, 6)
    return this.#sum({ gte, lt: Buffer.of(shard + 1), limit: count }, count)
  }

  async count(): Promise<number> {
    return (await this.#level.keys().all()).length
  }

  close(): Promise<void> {
    return this.#level.close()
  }

  async #sum(range: Readonly<Record<string, unknown>>, count: number): Promise<number> {
    const iterator = this.#level.iterator({
      ...range,
      keys: false,
      fillCache: false,
      highWaterMarkBytes: 2 ** 20,
    })
    let sum = 0
    for (let left = count; left > 0;) {
      const page = await iterator.nextv(Math.min(left, pageRecords))
      if (page.length === 0) break
      for (const [, value] of page) sum += touchValue(value)
      left -= page.length
    }
    await iterator.close()
    return sum
  }

  /** Leaves the record in the two buffers. */
  #place({ partitionKey, data }: PutEntry, nowMs: number): void {
    this.#key[0] = shardOf(partitionKey)
    this.#key.writeUIntBE(nowMs, 1, 6)
    this.#key.writeUInt32BE((this.#counter += 1), 7)
    const dataAt = headerBytes + partitionKey.length
    if (this.#value.length !== dataAt + data.length) this.#value = Buffer.alloc(dataAt + data.length)
    this.#value.writeDoubleLE(nowMs, 0)
    this.#value.writeUInt16LE(partitionKey.length, 8)
    this.#value.write(partitionKey, headerBytes, 'latin1')
    this.#value.set(data, dataAt)
  }
}

/** Views are plain Uint8Arrays. */
function touchValue(value: Uint8Array): number {
  const keyLength = (value[8] as number) + 256 * (value[9] as number)
  return touch(value.subarray(headerBytes + keyLength))
}
