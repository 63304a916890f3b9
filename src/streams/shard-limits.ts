import type { Buckets, BucketTable } from '../log/buckets.ts'
import { MiB, secondMs } from '../units.ts'
import { CallRate, secondsWorth } from './call-rate.ts'
import type { JudgedWrites } from './judged-writes.ts'

/** Records that a shard takes in a second (AWS API model, PutRecords). */
export const writeRecordsPerSecond = 1000
/** Keys and data that a shard takes in a second, bytes (AWS API model, PutRecords). */
export const writeBytesPerSecond: number = MiB
/** GetRecords calls to a shard in a second, of all callers together (AWS API model, GetRecords). */
export const readCallsPerSecond = 5
/** Keys and data that GetRecords takes from a shard in a second, bytes (AWS API model, GetRecords). */
export const readBytesPerSecond: number = 2 * MiB
/** GetShardIterator calls to a shard in a second (AWS API model, GetShardIterator). */
export const iteratorCallsPerSecond = 5
/** What one consumer is pushed of a shard in a second, bytes (AWS API model, SubscribeToShard). */
export const pushedBytesPerSecond: number = 2 * MiB

/** A call of GetRecords that returns so much, bytes, ends reading for so long, milliseconds (AWS API model). */
const fullPageBytes: number = 10 * MiB
const fullPagePauseMs: number = 5 * secondMs

/** What a shard was asked too much of. */
export type ShardLimit = 'write-records' | 'write-bytes' | 'read-calls' | 'read-bytes' | 'iterator-calls'

/** Buckets of reading, by place. */
const readBytes = 0

/** What `Buckets.take` is passed for one call of GetRecords: nothing may be owed, and one call. */
const readAmounts: Float64Array = Float64Array.of(readBytesPerSecond, readCallsPerSecond, 0, 1)
const readLacks: Uint8Array = new Uint8Array(1)

/**
 * What one shard takes and gives in a second. Without a clock: every call says what time it is, in whole
 * milliseconds. What is refused uses up nothing. Counts begin with the first call of each kind.
 */
export class ShardLimits {
  readonly #table: BucketTable
  readonly #name: string
  /** Records and bytes. */
  #writes: Buckets | undefined
  /** Bytes and calls. */
  #reads: Buckets | undefined
  #iterators: CallRate | undefined

  /** @param name whoever counts under the same name in the same table counts together */
  constructor(table: BucketTable, name: string) {
    this.#table = table
    this.#name = name
  }

  /**
   * Takes records, one after the other, each if it may come. Answers how many are refused; `writes.refusal` says which.
   *
   * @param recordBytesMax of the stream: one record so large may come at once after a quiet time, whose bytes are then
   *   paid for at the usual rate. AWS says no more of it than that such bursts are possible.
   */
  write(writes: JudgedWrites, recordBytesMax: number, nowMs: number): number {
    const capacity = Math.max(writeBytesPerSecond, recordBytesMax)
    const buckets = (this.#writes ??= this.#table.open(
      `${this.#name}/write`,
      [secondsWorth(writeRecordsPerSecond), { perSecond: writeBytesPerSecond, capacity }],
      nowMs,
    ))
    return writes.judge(buckets, writeRecordsPerSecond, capacity, nowMs)
  }

  /** Takes one call of GetRecords, or answers which limit refuses it. What it then returns, `returned` is told. */
  read(nowMs: number): ShardLimit | undefined {
    if (this.#reading(nowMs).take(readBytes, 2, readAmounts, readLacks, 1, nowMs) === 0) return undefined
    return readLacks[0] === 1 + readBytes ? 'read-bytes' : 'read-calls'
  }

  /**
   * A call of GetRecords returned records. One that returned 10 MiB ends reading for five seconds; more than a second's
   * worth, in one call or several, ends it for one second (AWS API model, GetRecords), or for as long as it takes until
   * what was read too much has come in again.
   *
   * @param bytes keys and data
   */
  returned(bytes: number, nowMs: number): void {
    const pauseMs = bytes >= fullPageBytes ? fullPagePauseMs : secondMs
    this.#reading(nowMs).spend(readBytes, bytes, pauseMs, nowMs)
  }

  /** Takes one call of GetShardIterator, or answers that it is refused. */
  iterator(nowMs: number): ShardLimit | undefined {
    this.#iterators ??= new CallRate(this.#table, `${this.#name}/iterator`, iteratorCallsPerSecond, nowMs)
    return this.#iterators.take(nowMs) ? undefined : 'iterator-calls'
  }

  #reading(nowMs: number): Buckets {
    return (this.#reads ??= this.#table.open(
      `${this.#name}/read`,
      [secondsWorth(readBytesPerSecond), secondsWorth(readCallsPerSecond)],
      nowMs,
    ))
  }
}
