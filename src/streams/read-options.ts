import { invalidArgument } from '../errors.ts'
import { requireCallback, requireInteger, requireMethods, requireOneOf, requireOptions } from '../options.ts'
import { KiB, MiB } from '../units.ts'
import type { Gap } from './reader.ts'
import { positionKeys, requireFrom, type StartingPosition } from './starting-position.ts'

/** Options of `read`, beside the starting position. */
export interface ReadControls {
  /** Read this shard only, such as `shardId-000000000002`. @defaultValue all shards of the stream */
  readonly shardId?: string | undefined
  /**
   * `'tail'`: end after what is stored at the moment of the call, shard by shard. Without it, reading goes on for
   * ever.
   */
  readonly until?: 'tail' | undefined
  /** Ends the read, at once even while it waits: `next` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /**
   * What happens when records expire before a slow reader comes to them: `'error'` throws `ERR_MILLRACE_TRIMMED`,
   * `'skip'` calls `onGap` and goes on at the oldest record there is. @defaultValue 'error'
   */
  readonly onTrimmed?: 'error' | 'skip' | undefined
  /** Told of each gap under `onTrimmed: 'skip'`, before the record behind it. */
  readonly onGap?: ((gap: Gap) => void) | undefined
}

/** Options of `readBatches`, beside those of `read`. */
export interface BatchControls extends ReadControls {
  /** Records of one batch, at most: 1 to 10,000. @defaultValue 4096 */
  readonly batchRecords?: number | undefined
  /**
   * Keys and data of one batch, at most; a single larger record still comes. 1 byte to 64 MiB. More costs memory,
   * fewer cost time. @defaultValue 256 KiB
   */
  readonly batchBytes?: number | undefined
  /**
   * A batch, its records and their payloads are valid only until the next batch is asked for or the read has ended;
   * then their memory holds other records, maybe those of another read. Several times faster for large scans that keep nothing. @defaultValue false
   */
  readonly reuse?: boolean | undefined
  /**
   * Records are not copied where they lie in a finished segment of a folder: their bytes are the stored ones
   * (`batch.leased`), and storing into them changes this view and never the log. A batch is valid only until the
   * next one is asked for, unless `batch.lease()` keeps it; using it later is an `ERR_MILLRACE_RELEASED`. Not
   * together with `reuse`. Batches are larger: `leaseDefaults`. @defaultValue false
   */
  readonly lease?: boolean | undefined
}

/** Options of `readable` and `readableStream`, beside those of `read`. */
export interface RecordStreamControls extends ReadControls {
  /**
   * Keys and payloads that are read ahead of the consumer, at most; a single larger record still comes. 1 byte to
   * 64 MiB. It is one page: the next one is read when the last record of it was taken. More costs memory, less
   * costs time. @defaultValue 256 KiB
   */
  readonly highWaterMarkBytes?: number | undefined
}

/** Where `stream.read` starts, and how it goes on. */
export type ReadOptions = StartingPosition & ReadControls

/** Where `stream.readBatches` starts, and how it goes on. */
export type ReadBatchesOptions = StartingPosition & BatchControls

/** Where `stream.readable` and `stream.readableStream` start, and how they go on. */
export type RecordStreamOptions = StartingPosition & RecordStreamControls

/** What holds unless the caller says otherwise. */
export const readDefaults: {
  readonly onTrimmed: 'error' | 'skip'
  readonly batchRecords: number
  readonly batchBytes: number
  readonly reuse: boolean
  readonly lease: boolean
} = { onTrimmed: 'error', batchRecords: 4096, batchBytes: 256 * KiB, reuse: false, lease: false }

/** What holds instead in a read with `lease`, whose batches need no memory of their own. */
export const leaseDefaults: { readonly batchRecords: number; readonly batchBytes: number } = {
  batchRecords: 8192,
  batchBytes: 1 * MiB,
}

const readKeys: readonly string[] = ['shardId', 'until', 'signal', 'onTrimmed', 'onGap']
const batchKeys: readonly string[] = [...readKeys, 'batchRecords', 'batchBytes', 'reuse', 'lease']
const recordStreamKeys: readonly string[] = [...readKeys, 'highWaterMarkBytes']

/** A method that reads. */
export type ReadMethod = 'read' | 'readBatches' | 'readable' | 'readableStream'

/** The options that each knows, beside the starting position. */
const keysOf: Readonly<Record<ReadMethod, readonly string[]>> = {
  read: readKeys,
  readBatches: batchKeys,
  readable: recordStreamKeys,
  readableStream: recordStreamKeys,
}

/** Options of any of them. */
export type AnyReadOptions = StartingPosition & BatchControls & RecordStreamControls

/** Checks everything but the position's own values and the shard, which need the stream. */
export function checkReadOptions(options: AnyReadOptions, method: ReadMethod): void {
  if (typeof options !== 'object' || options === null)
    throw invalidArgument(`${method} options`, options, 'an object')
  const known = keysOf[method]
  // A misspelt `from` is a misspelt key.
  if (!('from' in options)) requireOptions(`${method} options`, options, ['from', ...known])
  requireOptions(`${method} options`, options, [...positionKeys(requireFrom(options.from)), ...known])
  if (options.until !== undefined) requireOneOf('until', options.until, ['tail'])
  if (options.onTrimmed !== undefined) requireOneOf('onTrimmed', options.onTrimmed, ['error', 'skip'])
  requireCallback('onGap', options.onGap)
  if (options.signal !== undefined) {
    requireMethods('signal', options.signal, ['throwIfAborted', 'addEventListener', 'removeEventListener'])
  }
  if (options.reuse !== undefined && typeof options.reuse !== 'boolean') {
    throw invalidArgument('reuse', options.reuse, 'true or false')
  }
  if (options.lease !== undefined && typeof options.lease !== 'boolean') {
    throw invalidArgument('lease', options.lease, 'true or false')
  }
  if (options.lease === true && options.reuse === true) {
    throw invalidArgument('reuse', true, 'left out of a read with lease, which uses memory again by itself')
  }
  if (options.batchRecords !== undefined) requireInteger('batchRecords', options.batchRecords, 1, 10_000)
  if (options.batchBytes !== undefined) requireInteger('batchBytes', options.batchBytes, 1, 64 * MiB)
  if (options.highWaterMarkBytes !== undefined) {
    requireInteger('highWaterMarkBytes', options.highWaterMarkBytes, 1, 64 * MiB)
  }
}
