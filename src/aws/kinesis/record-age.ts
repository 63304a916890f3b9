import type { RecordBatch } from '../../streams/record-batch.ts'

/** How long ago the last of the records arrived, milliseconds; `undefined` if there are none. */
export function ageMsOf(batches: readonly RecordBatch[], nowMs: number): number | undefined {
  const last = batches.at(-1)
  return last === undefined ? undefined : Math.max(0, nowMs - last.arrivedAtMs(last.length - 1))
}
