import type { ReadControls } from '../streams/read-options.ts'
import type { StoredRecord } from '../streams/record.ts'
import type { StartingPosition } from '../streams/starting-position.ts'
import type { Stream } from '../streams/stream.ts'

/** Options of `drain`: where it begins (the oldest record there is), and those of `read`. */
export type DrainOptions = (StartingPosition | { readonly from?: undefined }) & Omit<ReadControls, 'until'>

/**
 * All records that the stream holds now: it reads to the tail and waits for nothing.
 *
 * ```ts
 * const records = await drain(clicks)
 * ```
 *
 * Rejects as `read` does.
 */
export async function drain<T>(stream: Stream<T>, options: DrainOptions = {}): Promise<StoredRecord<T>[]> {
  const position: StartingPosition = options.from === undefined ? { ...options, from: 'oldest' } : options
  const records: StoredRecord<T>[] = []
  for await (const record of stream.read({ ...position, until: 'tail' })) records.push(record)
  return records
}
