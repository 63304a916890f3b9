import { isUtf8 } from 'node:buffer'
import { bytes, time } from './figures.ts'
import { type ViewedBatch, withoutControls } from './record-view.ts'

/** How the data of a record is shown. */
export type RecordBody = 'auto' | 'text' | 'json' | 'hex'

export const recordBodyViews: readonly RecordBody[] = ['auto', 'text', 'json', 'hex']

const hexColumns = 16

/** One record on lines of its own: where it lies, then what is in it, then an empty one. */
export function recordPage(batch: ViewedBatch, index: number, view: RecordBody): readonly string[] {
  const data = batch.bytes(index)
  const hashKey = batch.explicitHashKey(index)
  return [
    `${batch.shardId}  ${String(batch.sequenceNumber(index))}  ${time(batch.arrivedAtMs(index))}`,
    `key ${withoutControls(batch.partitionKey(index))}${hashKey === undefined ? '' : `, hash key ${String(hashKey)}`}, ${bytes(data.length)}`,
    ...body(data, view).map((line) => `  ${line}`),
    '',
  ]
}

function body(data: Uint8Array, view: RecordBody): readonly string[] {
  const text = isUtf8(data) ? Buffer.from(data).toString() : undefined
  if (view === 'hex' || text === undefined) return hex(data)
  const pretty = view === 'text' ? undefined : prettyJson(text)
  const lines = (pretty ?? text).split('\n')
  return lines.map(withoutControls)
}

function prettyJson(text: string): string | undefined {
  // Only what is made of parts is easier to read on several lines.
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return undefined
  }
}

/** Offset, sixteen bytes, and what of them is printable. */
function hex(data: Uint8Array): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < data.length; at += hexColumns) {
    const row = Buffer.from(data.subarray(at, at + hexColumns))
    const digits = row.toString('hex').replace(/../g, '$& ').trimEnd()
    const shown = row.toString('latin1').replace(/[^\x20-\x7e]/g, '.')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${digits.padEnd(hexColumns * 3 - 1)}  ${shown}`)
  }
  return lines
}
