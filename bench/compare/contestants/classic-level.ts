// classic-level (LevelDB): one store; keys are shard, arrival and counter, 11 bytes, so a range read finds a time.
// One array batch a call. Buffers of values are reused: a batch is copied before its promise resolves. Compression is
// off: payloads do not compress. It has no synchronous put, so appends are awaited. `commit`: sync, one a batch.
import { mkdirSync } from 'node:fs'
import type { PutEntry } from 'millrace'
import { type Contestant, type ContestedLog, shards, type Terms, touch } from '../contestant.ts'
import { peerModule } from '../peers.ts'
import { shardOf } from '../routing.ts'

/** What is used of classic-level. */
interface ClassicLevelModule {
  readonly ClassicLevel: new (folder: string, options: Readonly<Record<string, unknown>>) => Level
}
interface Level {
  open(options: Readonly<Record<string, unknown>>): Promise<void>
  batch(operations: readonly Put[], options: { readonly sync: boolean }): Promise<void>
  put(key: Buffer, value: Buffer, options: { readonly sync: boolean }): Promise<void>
  getSync(key: Buffer): Buffer
  iterator(options: Readonly<Record<string, unknown>>): Iterator
  keys(): { all(): Promise<Buffer[]> }
  close(): Promise<void>
}
interface Iterator {
  nextv(size: number): Promise<[key: Buffer | undefined, value: Buffer][]>
  close(): Promise<void>
}
interface Put {
  readonly type: 'put'
  readonly key: Buffer
  value: Buffer
}

const keyBytes = 11
const headerBytes = 8 + 2
const pageRecords = 1000

export const classicLevel: Contestant = {
  async open(folder, terms) {
    mkdirSync(folder, { recursive: true })
    const { ClassicLevel } = peerModule<ClassicLevelModule>('classic-level')
    const level = new ClassicLevel(folder, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
    await level.open({ compression: false, writeBufferSize: 64 * 2 ** 20, cacheSize: 64 * 2 ** 20 })
    return new LevelLog(level, terms)
  },
}

class LevelLog implements ContestedLog {
  readonly #level: Level
  readonly #nowMs: () => number
  readonly #sync: { readonly sync: boolean }
  readonly #puts: Put[] = []
  #counter = 0

  constructor(level: Level, { nowMs, durability }: Terms) {
    this.#level = level
    this.#nowMs = nowMs
    this.#sync = { sync: durability === 'commit' }
  }

  putBatch(entries: readonly PutEntry[]): Promise<void> {
    const nowMs = this.#nowMs()
    for (const [index, entry] of entries.entries()) this.#place(index, entry, nowMs)
    this.#puts.length = entries.length
    return this.#level.batch(this.#puts, this.#sync)
  }

  append(entry: PutEntry): Promise<void> {
    const { key, value } = this.#place(0, entry, this.#nowMs())
    return this.#level.put(key, value, this.#sync)
  }

  sumOfAll(): Promise<number> {
    return this.#sum({}, Number.POSITIVE_INFINITY)
  }

  async places(count: number): Promise<readonly Buffer[]> {
    const keys = await this.#level.keys().all()
    const step = Math.max(1, Math.floor(keys.length / count))
    return keys.filter((_, index) => index % step === 0)
  }

  sumAt(place: Buffer): number {
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

  /** Leaves a record in the buffers of the batch's `index`. */
  #place(index: number, { partitionKey, data }: PutEntry, nowMs: number): Put {
    const put = (this.#puts[index] ??= { type: 'put', key: Buffer.alloc(keyBytes), value: Buffer.alloc(0) })
    const { key } = put
    key[0] = shardOf(partitionKey) % shards
    key.writeUIntBE(nowMs, 1, 6)
    key.writeUInt32BE((this.#counter += 1), 7)
    const dataAt = headerBytes + partitionKey.length
    if (put.value.length !== dataAt + data.length) put.value = Buffer.alloc(dataAt + data.length)
    put.value.writeDoubleLE(nowMs, 0)
    put.value.writeUInt16LE(partitionKey.length, 8)
    put.value.write(partitionKey, headerBytes, 'latin1')
    put.value.set(data, dataAt)
    return put
  }
}

function touchValue(value: Buffer): number {
  return touch(value.subarray(headerBytes + value.readUInt16LE(8)))
}
