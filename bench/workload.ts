import { writeFileSync } from 'node:fs'
import type { PutEntry } from 'millrace'

/** Bytes of every partition key. */
export const keyBytes = 16

/** Records that come round and round: more than the second cache holds, and a multiple of a batch. */
const poolRecords = 4000

/** Records of one size, the same in every run. */
export interface Workload {
  readonly payloadBytes: number
  /** Each with a key and a buffer of its own. */
  readonly entries: readonly PutEntry[]
  /** Bytes that a record takes with a header of 32 bytes, aligned to 8: in the raw loop and in a segment alike. */
  readonly storedBytes: number
}

/** @param payloadBytes of every record */
export function workload(payloadBytes: number): Workload {
  const random = xorshift(payloadBytes)
  const entries = Array.from({ length: poolRecords }, (_, index) => {
    const data = Buffer.alloc(payloadBytes)
    for (let at = 0; at < payloadBytes; at++) data[at] = random()
    return { partitionKey: `user-${String(index).padStart(keyBytes - 5, '0')}`, data }
  })
  return { payloadBytes, entries, storedBytes: Math.ceil((32 + keyBytes + payloadBytes) / 8) * 8 }
}

/** The entries in batches; all but the last have `batchRecords`. */
export function batchesOf(entries: readonly PutEntry[], batchRecords: number): PutEntry[][] {
  const batches: PutEntry[][] = []
  for (let from = 0; from < entries.length; from += batchRecords) {
    batches.push(entries.slice(from, from + batchRecords))
  }
  return batches
}

/** Leaves the same records where the raw loop takes them from: key, payload, key, payload … */
export function writePool(path: string, { entries }: Workload): void {
  writeFileSync(
    path,
    Buffer.concat(entries.flatMap(({ partitionKey, data }) => [Buffer.from(partitionKey), data])),
  )
}

/** Bytes from a generator with a fixed seed. */
function xorshift(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 0xff
  }
}
