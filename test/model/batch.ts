import { type AppendBatch, type Appended, Column, noHashKey } from '../../src/log/log.ts'

/** One record of a batch under construction. */
export interface Entry {
  /** @defaultValue 'key' */
  readonly key?: string
  /** @defaultValue nothing */
  readonly data?: string | Uint8Array
  readonly hashKey?: bigint
  /** `RecordFlag` bits. */
  readonly flags?: number
}

/** Which records the called log takes. */
export interface Selection {
  readonly order?: readonly number[]
  readonly from?: number
  readonly count?: number
}

/** 16 bytes, big-endian. */
export function hashKeyBytes(hashKey: bigint): Buffer {
  return Buffer.from(hashKey.toString(16).padStart(32, '0'), 'hex')
}

/** Packs entries, by default all for one log and in order. */
export function batchOf(entries: readonly Entry[], timeMs: number, selection: Selection = {}): AppendBatch {
  const columns = new Uint32Array(entries.length * Column.stride)
  const parts: Uint8Array[] = []
  let end = 0
  function place(part: Uint8Array): number {
    parts.push(part)
    end += part.length
    return end - part.length
  }
  for (const [index, entry] of entries.entries()) {
    const key = Buffer.from(entry.key ?? 'key')
    const data = typeof entry.data === 'string' ? Buffer.from(entry.data) : (entry.data ?? new Uint8Array())
    const at = index * Column.stride
    columns[at + Column.keyAt] = place(key)
    columns[at + Column.keyBytes] = key.length
    columns[at + Column.dataAt] = place(data)
    columns[at + Column.dataBytes] = data.length
    columns[at + Column.hashKeyAt] =
      entry.hashKey === undefined ? noHashKey : place(hashKeyBytes(entry.hashKey))
    columns[at + Column.flags] = entry.flags ?? 0
  }
  const order = Uint32Array.from(selection.order ?? entries.keys())
  const from = selection.from ?? 0
  return {
    bytes: Buffer.concat(parts),
    columns,
    order,
    from,
    count: selection.count ?? order.length - from,
    timeMs,
  }
}

/** Room for the answers to a batch; `NaN` where nothing was answered. */
export function answersFor(batch: AppendBatch): Appended {
  const slots = batch.columns.length / Column.stride
  return {
    offsets: new Float64Array(slots).fill(Number.NaN),
    timesMs: new Float64Array(slots).fill(Number.NaN),
  }
}
