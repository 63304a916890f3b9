/**
 * Snapshots: the whole state, written into the same log as the commands so that those before it can go.
 *
 * Records `snapshotBegin`, `snapshotChunk`..., `snapshotEnd` stand next to each other. A crash may leave the first
 * few of them; such a torso is passed over, because the commands that it summed up are still there.
 */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../errors.ts'
import type { Offset } from '../log/log.ts'
import { decodeState, encodeRecord, encodeState, type MetaRecord } from './encode.ts'
import type { MetaState } from './state.ts'

/** State bytes a record; large enough that nearly every store needs one chunk, small enough for any engine. */
const chunkBytes = 1024 * 1024

/** A state and how many commands led to it. */
export interface Snapshot {
  readonly state: MetaState
  readonly ordinal: number
}

/** The payloads of a snapshot's records, in order. */
export function encodeSnapshot({ state, ordinal }: Snapshot): Uint8Array[] {
  const bytes = encodeState(state)
  const chunks = Math.ceil(bytes.length / chunkBytes)
  return [
    encodeRecord(
      { kind: 'snapshotBegin', ordinal, bytes: bytes.length, chunks },
      state.documents.size > 0 ? 2 : 1,
    ),
    ...Array.from({ length: chunks }, (_, index) =>
      encodeRecord({
        kind: 'snapshotChunk',
        index,
        data: bytes.subarray(index * chunkBytes, (index + 1) * chunkBytes),
      }),
    ),
    encodeRecord({ kind: 'snapshotEnd', crc32: crc32(bytes) }),
  ]
}

/** Bytes of a complete snapshot whose state is not decoded yet. */
export interface SnapshotBytes {
  readonly ordinal: number
  readonly bytes: Uint8Array
}

type Begin = Extract<MetaRecord, { readonly kind: 'snapshotBegin' }>
type SnapshotRecord = Exclude<MetaRecord, { readonly kind: 'command' }>

/** Puts snapshots together from their records. */
export class SnapshotReader {
  #begin: Begin | undefined
  #chunks: Uint8Array[] = []

  /** Takes the next record of a snapshot; answers the snapshot when this one completes it. */
  accept(record: SnapshotRecord, offset: Offset): SnapshotBytes | undefined {
    switch (record.kind) {
      case 'snapshotBegin':
        this.abandon()
        this.#begin = record
        return undefined
      case 'snapshotChunk':
        if (this.#begin === undefined || record.index !== this.#chunks.length) throw misplaced(record, offset)
        // The record lies in a buffer that the next page overwrites.
        this.#chunks.push(Uint8Array.from(record.data))
        return undefined
      case 'snapshotEnd':
        if (this.#begin === undefined) throw misplaced(record, offset)
        return this.#complete(this.#begin, record.crc32)
      default:
        return record satisfies never
    }
  }

  /** Ordinal of a snapshot that has begun and not ended. */
  get unfinished(): number | undefined {
    return this.#begin?.ordinal
  }

  /** Forgets an unfinished snapshot. */
  abandon(): void {
    this.#begin = undefined
    this.#chunks = []
  }

  /** A snapshot with a wrong sum stays unfinished. */
  #complete(begin: Begin, sum: number): SnapshotBytes | undefined {
    const bytes = Buffer.concat(this.#chunks)
    const whole = this.#chunks.length === begin.chunks && bytes.length === begin.bytes
    if (!whole || crc32(bytes) !== sum) return undefined
    this.abandon()
    return { ordinal: begin.ordinal, bytes }
  }
}

/** The state of a complete snapshot whose last record lies at `offset`. */
export function decodeSnapshot(snapshot: SnapshotBytes, offset: Offset): Snapshot {
  return { ordinal: snapshot.ordinal, state: decodeState(snapshot.bytes, offset) }
}

function misplaced(record: SnapshotRecord, offset: Offset): MillraceError {
  return new MillraceError('ERR_MILLRACE_CORRUPT', `a ${record.kind} stands alone at offset ${offset}`, {
    details: { offset, kind: record.kind },
  })
}
