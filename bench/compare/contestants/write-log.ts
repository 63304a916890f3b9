// What one writes by hand: one file for all shards, each call packed into one buffer and written with one `writeSync`;
// where each record lies is kept in arrays in memory. No checksum: a crash of the machine may leave what nobody
// notices. `commit`: `fdatasyncSync` after each write. One file, because eight would need eight writes and eight
// syncs a batch; the price is that the records of one shard do not lie side by side.
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { PutEntry } from 'millrace'
import { type Contestant, type ContestedLog, shards, type Terms, touch } from '../contestant.ts'
import { lowerBound, shardOf } from '../routing.ts'

/** Bytes of the record, of its key, its shard, its arrival. */
const headerBytes = 4 + 2 + 2 + 8
const pageBytes = 2 ** 20

/** Where the records of one shard lie. */
interface ShardIndex {
  readonly positions: number[]
  readonly sizes: number[]
  readonly timesMs: number[]
}

interface LogPlace {
  readonly shard: number
  readonly index: number
}

export const writeLog: Contestant = {
  async open(folder, terms) {
    mkdirSync(folder, { recursive: true })
    return new WriteLog(openSync(join(folder, 'log'), 'a+'), terms)
  },
}

class WriteLog implements ContestedLog {
  readonly #file: number
  readonly #nowMs: () => number
  readonly #sync: boolean
  readonly #shards: readonly ShardIndex[] = Array.from({ length: shards }, () => ({
    positions: [],
    sizes: [],
    timesMs: [],
  }))
  #staging: Buffer = Buffer.allocUnsafeSlow(pageBytes)
  #page: Buffer = Buffer.allocUnsafeSlow(pageBytes)
  #end = 0

  constructor(file: number, { nowMs, durability }: Terms) {
    this.#file = file
    this.#nowMs = nowMs
    this.#sync = durability === 'commit'
    this.#recover()
  }

  putBatch(entries: readonly PutEntry[]): void {
    const nowMs = this.#nowMs()
    let at = 0
    for (const entry of entries) at = this.#pack(entry, nowMs, at)
    this.#write(at)
  }

  append(entry: PutEntry): void {
    this.#write(this.#pack(entry, this.#nowMs(), 0))
  }

  sumOfAll(): number {
    let sum = 0
    this.#scan((page, at, size) => {
      sum += touch(page.subarray(at + headerBytes + page.readUInt16LE(at + 4), at + size))
    })
    return sum
  }

  async places(count: number): Promise<readonly LogPlace[]> {
    const step = Math.max(1, Math.floor(this.count() / count))
    return this.#shards.flatMap(({ positions }, shard) =>
      positions.flatMap((_, index) => (index % step === 0 ? [{ shard, index }] : [])),
    )
  }

  sumAt({ shard, index }: LogPlace): number {
    const { positions, sizes } = this.#shards[shard] as ShardIndex
    return this.#sumOf(positions[index] as number, sizes[index] as number)
  }

  sumFrom(shard: number, timeMs: number, count: number): number {
    const { positions, sizes, timesMs } = this.#shards[shard] as ShardIndex
    const from = lowerBound(timesMs.length, timeMs, (index) => timesMs[index] as number)
    let sum = 0
    for (let index = from; index < Math.min(from + count, positions.length); index++) {
      sum += this.#sumOf(positions[index] as number, sizes[index] as number)
    }
    return sum
  }

  count(): number {
    return this.#shards.reduce((sum, { positions }) => sum + positions.length, 0)
  }

  async close(): Promise<void> {
    closeSync(this.#file)
  }

  #pack({ partitionKey, data }: PutEntry, nowMs: number, at: number): number {
    const size = headerBytes + partitionKey.length + data.length
    if (this.#staging.length - at < size) this.#growStaging(at + size)
    const staging = this.#staging
    const shard = shardOf(partitionKey)
    staging.writeUInt32LE(size, at)
    staging.writeUInt16LE(partitionKey.length, at + 4)
    staging.writeUInt16LE(shard, at + 6)
    staging.writeDoubleLE(nowMs, at + 8)
    staging.write(partitionKey, at + headerBytes, 'latin1')
    staging.set(data, at + headerBytes + partitionKey.length)
    this.#note(shard, this.#end + at, size, nowMs)
    return at + size
  }

  #note(shard: number, position: number, size: number, timeMs: number): void {
    const { positions, sizes, timesMs } = this.#shards[shard] as ShardIndex
    positions.push(position)
    sizes.push(size)
    timesMs.push(timeMs)
  }

  #write(bytes: number): void {
    if (writeSync(this.#file, this.#staging, 0, bytes) !== bytes) throw new Error('a write was cut short')
    this.#end += bytes
    if (this.#sync) fdatasyncSync(this.#file)
  }

  #growStaging(bytes: number): void {
    const larger = Buffer.allocUnsafeSlow(2 * bytes)
    this.#staging.copy(larger)
    this.#staging = larger
  }

  /** Reads the record into the page's beginning. */
  #sumOf(position: number, size: number): number {
    readSync(this.#file, this.#page, 0, size, position)
    return touch(this.#page.subarray(headerBytes + this.#page.readUInt16LE(4), size))
  }

  /** Fills the arrays from the file, and drops a record that was cut off. */
  #recover(): void {
    const end = this.#scan((page, at, size, position) => {
      this.#note(page.readUInt16LE(at + 6), position, size, page.readDoubleLE(at + 8))
    })
    if (fstatSync(this.#file).size > end) ftruncateSync(this.#file, end)
    this.#end = end
  }

  /** Calls back for every whole record in the file, and answers where the last one ends. */
  #scan(visit: (page: Buffer, at: number, size: number, position: number) => void): number {
    const page = this.#page
    for (let position = 0; ;) {
      const bytes = readSync(this.#file, page, 0, page.length, position)
      let at = 0
      while (bytes - at >= headerBytes) {
        const size = page.readUInt32LE(at)
        if (size < headerBytes || bytes - at < size) break
        visit(page, at, size, position + at)
        at += size
      }
      if (at === 0) return position
      position += at
    }
  }
}
