import { requireInteger, requireMethods, requireOptions } from '../options.ts'
import { MiB } from '../units.ts'

/** Options of `writable` and `writableStream`. */
export interface EntryStreamOptions {
  /**
   * Back-pressure begins when keys and payloads of this many bytes were accepted and are not stored yet: 1 byte to
   * 64 MiB. The entry that crosses the line is still accepted, so the memory is this much and one record. Half of
   * it goes to the engine at once. More helps where the engine takes long to answer. @defaultValue 1 MiB
   */
  readonly highWaterMarkBytes?: number | undefined
  /** Ends the stream with the signal's reason. What is not on its way to the engine by then is not stored. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What holds unless the caller says otherwise: batches of 512 KiB. The embedded engine stores larger ones no faster,
 * and what is buffered no longer fits a processor's cache.
 */
export const entryStreamDefaults: { readonly highWaterMarkBytes: number } = { highWaterMarkBytes: MiB }

/** The largest `highWaterMarkBytes`. */
const highWaterMarkBytesMax: number = 64 * MiB

export function checkEntryStreamOptions(where: string, options: EntryStreamOptions): void {
  requireOptions(where, options, ['highWaterMarkBytes', 'signal'])
  if (options.highWaterMarkBytes !== undefined) {
    requireInteger('highWaterMarkBytes', options.highWaterMarkBytes, 1, highWaterMarkBytesMax)
  }
  if (options.signal !== undefined) {
    requireMethods('signal', options.signal, ['throwIfAborted', 'addEventListener', 'removeEventListener'])
  }
}

/** How many bytes the stream may hold. */
export function bytesMaxOf(options: EntryStreamOptions): number {
  return options.highWaterMarkBytes ?? entryStreamDefaults.highWaterMarkBytes
}
