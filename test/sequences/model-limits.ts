import type { ModelShard } from './model-store.ts'

const mebibyte = 1024 * 1024
const recordsPerSecond = 1_000

/** What a shard may still take: thousandths of records and of bytes, which are whole numbers each millisecond. */
interface Room {
  atMs: number
  records: number
  bytes: number
}

/** The limits of AWS on puts, as one opening of a store counts them. */
export class ModelLimits {
  readonly #rooms: Map<ModelShard, Room> = new Map()

  /** Whether a shard takes a record of so many bytes, key and data, from then on one less. */
  take(shard: ModelShard, bytes: number, maxRecordBytes: number, nowMs: number): boolean {
    if (!this.has(shard, bytes, maxRecordBytes, nowMs)) return false
    const room = this.#roomOf(shard, maxRecordBytes, nowMs)
    room.records -= 1_000
    room.bytes -= bytes * 1_000
    return true
  }

  /** Whether it would. */
  has(shard: ModelShard, bytes: number, maxRecordBytes: number, nowMs: number): boolean {
    const room = this.#roomOf(shard, maxRecordBytes, nowMs)
    return room.records >= 1_000 && room.bytes >= bytes * 1_000
  }

  #roomOf(shard: ModelShard, maxRecordBytes: number, nowMs: number): Room {
    const most = Math.max(mebibyte, maxRecordBytes) * 1_000
    const room = this.#rooms.get(shard) ?? { atMs: nowMs, records: recordsPerSecond * 1_000, bytes: most }
    this.#rooms.set(shard, room)
    const elapsedMs = nowMs - room.atMs
    room.atMs = nowMs
    room.records = Math.min(recordsPerSecond * 1_000, room.records + elapsedMs * recordsPerSecond)
    room.bytes = Math.min(most, room.bytes + elapsedMs * mebibyte)
    return room
  }
}
