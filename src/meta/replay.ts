import { MillraceError } from '../errors.ts'
import { Column, type Offset, type ShardLog } from '../log/log.ts'
import { ReadBlock } from '../log/read-block.ts'
import { apply, emptyState } from './apply.ts'
import type { Command } from './commands.ts'
import { decodeRecord, type MetaRecord } from './encode.ts'
import { decodeSnapshot, type Snapshot, SnapshotReader } from './snapshot.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'
import type { MetaState } from './state.ts'

/** Bytes and records of one page. */
const pageBytes = 1024 * 1024
const pageRecords = 1024

/**
 * The state that a log leads to: its last complete snapshot and every command after it. Tells `schedule` what it
 * saw. Throws `ERR_MILLRACE_CORRUPT` when a command is missing, and whatever `decodeRecord` throws.
 */
export async function replay(log: ShardLog, schedule: SnapshotSchedule): Promise<Snapshot> {
  const { history, next } = await replayLog(log, schedule)
  return history.finish(next)
}

/** The same as a history that can go on, and the record that it goes on with. */
export async function replayLog(
  log: ShardLog,
  schedule: SnapshotSchedule,
): Promise<{ readonly history: History; readonly next: Offset }> {
  const history = new History(schedule)
  const block = new ReadBlock(pageBytes, pageRecords)
  let from = (await log.stats()).first
  do {
    const count = await log.read(from, pageBytes, pageRecords, block)
    if (count < 0) throw damaged(`the log begins at ${block.first}, after ${from}`, from)
    for (let index = 0; index < count; index++)
      history.accept(payloadOf(block, index), block.offsets[index] ?? 0)
    from = block.next
  } while (!block.atTail)
  history.finish(from)
  return { history, next: from }
}

/** A record of a metadata log that was read by other means. */
export interface StoredPayload {
  readonly offset: Offset
  readonly payload: Uint8Array
}

/** The state that all records of a log lead to. Throws like `replay`. */
export async function replayRecords(records: AsyncIterable<StoredPayload>): Promise<Snapshot> {
  const history = new History()
  let end = 0
  for await (const { offset, payload: bytes } of records) {
    history.accept(bytes, offset)
    end = offset + 1
  }
  return history.finish(end)
}

/** The payload of one record of a page; a view of the page's bytes. */
export function payloadOf(block: ReadBlock, index: number): Uint8Array {
  const at = index * Column.stride
  const start = block.columns[at + Column.dataAt] ?? 0
  return block.bytes.subarray(start, start + (block.columns[at + Column.dataBytes] ?? 0))
}

const never = Number.POSITIVE_INFINITY

/** History so far: takes the records of a log in their order, however many pages they come in. */
export class History {
  readonly #schedule: SnapshotSchedule
  readonly #snapshots: SnapshotReader = new SnapshotReader()
  #snapshotBytes = 0
  #latest: Snapshot = { state: emptyState, ordinal: 0 }

  /** @param schedule is told of everything; one who writes no snapshots needs none */
  constructor(schedule?: SnapshotSchedule) {
    this.#schedule = schedule ?? new SnapshotSchedule({ snapshotCommands: never, snapshotBytes: never })
  }

  /** The state that the records so far lead to. */
  get state(): MetaState {
    return this.#latest.state
  }

  /** Of the last command. */
  get ordinal(): number {
    return this.#latest.ordinal
  }

  /**
   * Takes the next record; answers the command in it if that changed a stream.
   *
   * @throws `ERR_MILLRACE_CORRUPT` when a command is missing before it, and whatever `decodeRecord` throws
   */
  accept(bytes: Uint8Array, offset: Offset): Command | undefined {
    const record = decodeRecord(bytes, offset)
    if (record.kind === 'command') return this.#acceptCommand(record, bytes.length, offset)
    this.#acceptSnapshot(record, bytes.length, offset)
    return undefined
  }

  /** Nothing follows. */
  finish(end: Offset): Snapshot {
    this.#passOver(end)
    return this.#latest
  }

  #acceptCommand(
    record: Extract<MetaRecord, { readonly kind: 'command' }>,
    bytes: number,
    offset: Offset,
  ): Command | undefined {
    this.#passOver(offset)
    const expected = this.#latest.ordinal + 1
    if (record.ordinal !== expected) throw missing(offset, record.ordinal, expected)
    const { state, outcome } = apply(this.#latest.state, record.command, offset)
    this.#latest = { state, ordinal: record.ordinal }
    this.#schedule.commandStored(bytes)
    return outcome === 'applied' ? record.command : undefined
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
