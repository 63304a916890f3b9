import { MiB, secondMs } from '../units.ts'
import { TokenBucket } from './token-bucket.ts'

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

/** What a shard was asked too much of. */
export type ShardLimit = 'write-records' | 'write-bytes' | 'read-calls' | 'read-bytes' | 'iterator-calls'

/**
 * What one shard takes and gives in a second. Without a clock: every call says what time it is, in whole
 * milliseconds. What is refused uses up nothing.
 */
export class ShardLimits {
  readonly #writeRecords: TokenBucket
  /** Made at the first record, which says how large the records of the stream may be. */
  #writeBytes: TokenBucket | undefined
  readonly #readCalls: TokenBucket
  readonly #readBytes: TokenBucket
  readonly #iteratorCalls: TokenBucket
  /** Too much was read at once: nothing more before this. */
  #readableFromMs = Number.NEGATIVE_INFINITY

  constructor(nowMs: number) {
    this.#writeRecords = secondsWorth(writeRecordsPerSecond, nowMs)
    this.#readCalls = secondsWorth(readCallsPerSecond, nowMs)
    this.#readBytes = secondsWorth(readBytesPerSecond, nowMs)
    this.#iteratorCalls = secondsWorth(iteratorCallsPerSecond, nowMs)
  }

  /**
   * Takes one record, or answers which limit refuses it.
   *
   * @param bytes key and data
   * @param recordBytesMax of the stream: one record so large may come at once after a quiet time, whose bytes are then
   *   paid for at the usual rate. AWS says no more of it than that such bursts are possible.
   */
  write(bytes: number, recordBytesMax: number, nowMs: number): ShardLimit | undefined {
    const capacity = Math.max(writeBytesPerSecond, recordBytesMax)
    const writeBytes = (this.#writeBytes ??= new TokenBucket(
      { perSecond: writeBytesPerSecond, capacity },
      nowMs,
    ))
    writeBytes.resize(capacity, nowMs)
    if (!this.#writeRecords.has(1, nowMs)) return 'write-records'
    if (!writeBytes.take(bytes, nowMs)) return 'write-bytes'
    this.#writeRecords.spend(1, nowMs)
    return undefined
  }

  /** Takes one call of GetRecords, or answers which limit refuses it. What it then returns, `returned` is told. */
  read(nowMs: number): ShardLimit | undefined {
    // A clock that was set back by more than any pause lasts knows nothing of this one.
    if (this.#readableFromMs - nowMs > 10 * secondMs) this.#readableFromMs = nowMs
    if (nowMs < this.#readableFromMs || this.#readBytes.tokens(nowMs) < 0) return 'read-bytes'
    return this.#readCalls.take(1, nowMs) ? undefined : 'read-calls'
  }

  /**
   * A call of GetRecords returned records. One that returned more than a second's worth ends reading for as long as
   * that takes (5 seconds after 10 MiB); several that did so together, for a second (AWS API model, GetRecords).
   *
   * @param bytes keys and data
   */
  returned(bytes: number, nowMs: number): void {
    this.#readBytes.spend(bytes, nowMs)
    if (this.#readBytes.tokens(nowMs) >= 0) return
    const pauseMs = Math.max(secondMs, Math.ceil((bytes * secondMs) / readBytesPerSecond))
    this.#readableFromMs = nowMs + pauseMs
  }

  /** Takes one call of GetShardIterator, or answers that it is refused. */
  iterator(nowMs: number): ShardLimit | undefined {
    return this.#iteratorCalls.take(1, nowMs) ? undefined : 'iterator-calls'
  }
}

/** A bucket that holds what comes in within a second. */
export function secondsWorth(tokens: number, nowMs: number): TokenBucket {
  return new TokenBucket({ perSecond: tokens, capacity: tokens }, nowMs)
}
