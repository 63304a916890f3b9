import { MillraceError } from '../errors.ts'
import { Column, type Offset, type ShardLog } from '../log/log.ts'
import { ReadBlock } from '../log/read-block.ts'
import { apply, emptyState } from './apply.ts'
import { decodeRecord, type MetaRecord } from './encode.ts'
import { decodeSnapshot, type Snapshot, SnapshotReader } from './snapshot.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'

/** Bytes and records of one page. */
const pageBytes = 1024 * 1024
const pageRecords = 1024

/**
 * The state that a log leads to: its last complete snapshot and every command after it. Tells `schedule` what it
 * saw. Throws `ERR_MILLRACE_CORRUPT` when a command is missing, and whatever `decodeRecord` throws.
 */
export async function replay(log: ShardLog, schedule: SnapshotSchedule): Promise<Snapshot> {
  const fold = new Fold(schedule)
  const block = new ReadBlock(pageBytes, pageRecords)
  let from = (await log.stats()).first
  do {
    const count = await log.read(from, pageBytes, pageRecords, block)
    if (count < 0) throw damaged(`the log begins at ${block.first}, after ${from}`, from)
    for (let index = 0; index < count; index++) fold.accept(payload(block, index), block.offsets[index] ?? 0)
    from = block.next
  } while (!block.atTail)
  return fold.finish(from)
}

/** A record of a metadata log that was read by other means. */
export interface StoredPayload {
  readonly offset: Offset
  readonly payload: Uint8Array
}

/** The state that all records of a log lead to. Throws like `replay`. */
export async function replayRecords(records: AsyncIterable<StoredPayload>): Promise<Snapshot> {
  const never = Number.POSITIVE_INFINITY
  const fold = new Fold(new SnapshotSchedule({ snapshotCommands: never, snapshotBytes: never }))
  let end = 0
  for await (const { offset, payload: bytes } of records) {
    fold.accept(bytes, offset)
    end = offset + 1
  }
  return fold.finish(end)
}

function payload(block: ReadBlock, index: number): Uint8Array {
  const at = index * Column.stride
  const start = block.columns[at + Column.dataAt] ?? 0
  return block.bytes.subarray(start, start + (block.columns[at + Column.dataBytes] ?? 0))
}

/** History so far. */
class Fold {
  readonly #schedule: SnapshotSchedule
  readonly #snapshots: SnapshotReader = new SnapshotReader()
  #snapshotBytes = 0
  #latest: Snapshot = { state: emptyState, ordinal: 0 }

  constructor(schedule: SnapshotSchedule) {
    this.#schedule = schedule
  }

  accept(bytes: Uint8Array, offset: Offset): void {
    const record = decodeRecord(bytes, offset)
    if (record.kind === 'command') this.#acceptCommand(record, bytes.length, offset)
    else this.#acceptSnapshot(record, bytes.length, offset)
  }

  finish(end: Offset): Snapshot {
    this.#passOver(end)
    return this.#latest
  }

  #acceptCommand(
    record: Extract<MetaRecord, { readonly kind: 'command' }>,
    bytes: number,
    offset: Offset,
  ): void {
    this.#passOver(offset)
    const expected = this.#latest.ordinal + 1
    if (record.ordinal !== expected) throw missing(offset, record.ordinal, expected)
    const { state } = apply(this.#latest.state, record.command, offset)
    this.#latest = { state, ordinal: record.ordinal }
    this.#schedule.commandStored(bytes)
  }

  #acceptSnapshot(
    record: Exclude<MetaRecord, { readonly kind: 'command' }>,
    bytes: number,
    offset: Offset,
  ): void {
    if (record.kind === 'snapshotBegin') {
      this.#passOver(offset)
      this.#snapshotBytes = 0
    }
    this.#snapshotBytes += bytes
    const complete = this.#snapshots.accept(record, offset)
    if (complete === undefined) return
    // Commands before a snapshot may have been trimmed, but then all of them.
    if (this.#latest.ordinal === 0) this.#latest = decodeSnapshot(complete, offset)
    if (this.#latest.ordinal !== complete.ordinal) {
      throw missing(offset, complete.ordinal, this.#latest.ordinal)
    }
    this.#schedule.snapshotStored(this.#snapshotBytes)
  }

  /** An unfinished snapshot is no loss as long as the commands that it sums up were there. */
  #passOver(offset: Offset): void {
    const ordinal = this.#snapshots.unfinished
    if (ordinal !== undefined && ordinal !== this.#latest.ordinal) {
      throw missing(offset, ordinal, this.#latest.ordinal)
    }
    this.#snapshots.abandon()
  }
}

function missing(offset: Offset, ordinal: number, expected: number): MillraceError {
  return damaged(`command ${expected} is missing before command ${ordinal}`, offset, { ordinal, expected })
}

function damaged(
  reason: string,
  offset: Offset,
  details: Readonly<Record<string, number>> = {},
): MillraceError {
  return new MillraceError('ERR_MILLRACE_CORRUPT', `the metadata at offset ${offset} is damaged: ${reason}`, {
    details: { offset, ...details },
  })
}
