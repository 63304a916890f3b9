import { MillraceError } from '../errors.ts'
import type { Maybe, ShardLog, Slot } from '../log/log.ts'
import type { ShardSpec } from '../meta/commands.ts'
import { isLater } from './maybe.ts'
import { SequenceNumbers } from './sequence-number.ts'
import { formatShardId } from './shard-id.ts'

/** Opens a log, or throws because its stream is gone or its store closed. */
export type OpenLog = (slot: Slot) => Maybe<ShardLog>

/** One shard of an open store: who it is, and its log from the first use on. */
export class Shard {
  readonly id: string
  readonly index: number
  readonly sequence: SequenceNumbers
  /** The stream has it no longer: its records expired, and its log is going. */
  dropped = false
  /** What a record of the last page that somebody read took, bytes; 0 before. */
  usualRecordBytes = 0
  readonly #openLog: OpenLog
  #spec: ShardSpec
  #log: ShardLog | undefined
  #opening: Promise<ShardLog> | undefined
  #closing: Promise<void> | undefined
  /** Somebody keeps the log, beyond the visit that may have opened it. */
  #kept = false
  /** Visits that are under way. */
  #visits = 0

  constructor(spec: ShardSpec, openLog: OpenLog) {
    this.#spec = spec
    this.index = spec.index
    this.id = formatShardId(spec.index)
    this.sequence = new SequenceNumbers(spec.createdAtSeconds, spec.index)
    this.#openLog = openLog
  }

  /** What the metadata says of it now. */
  get spec(): ShardSpec {
    return this.#spec
  }

  /** No record will ever follow those that are stored, whatever its log says. */
  get closed(): boolean {
    return this.#spec.closedAtMs !== undefined
  }

  /** Takes over what the metadata says now. */
  update(spec: ShardSpec): void {
    const ends = !this.closed && spec.closedAtMs !== undefined
    this.#spec = spec
    // Whoever waits for what follows its last record finds that there is nothing.
    if (ends) this.#log?.look?.()
  }

  /** The log, opened at the first call and kept until `close`. */
  log(): Maybe<ShardLog> {
    this.#kept = true
    return this.#acquire()
  }

  /** The log if it is open right now. */
  get opened(): ShardLog | undefined {
    return this.#log
  }

  /** Hands the log to `use`; one that was opened only for visits is closed after the last of them. */
  async visit<T>(use: (log: ShardLog) => Maybe<T>): Promise<T> {
    this.#visits += 1
    try {
      return await use(await this.#acquire())
    } finally {
      this.#visits -= 1
      if (!this.#kept && this.#visits === 0) await this.#release()
    }
  }

  /** Closes the log. The caller sees to it that nobody asks for it again. */
  async close(): Promise<void> {
    // One that fails to open has nothing to close; whoever opened it was told.
    await this.#opening?.catch(() => {})
    await this.#closing
    await this.#release()
  }

  #acquire(): Maybe<ShardLog> {
    return this.#log ?? this.#opening ?? this.#open()
  }

  #open(): Maybe<ShardLog> {
    if (this.#closing !== undefined) return this.#closing.then(() => this.#acquire())
    if (this.dropped) throw new MillraceError('ERR_MILLRACE_CLOSED', `${this.id} has expired`)
    const opened = this.#openLog(this.spec.slot)
    if (!isLater(opened)) return (this.#log = opened)
    this.#opening = opened
    void this.#await(opened)
    return opened
  }

  /** Ahead of those that wait for the log: whoever asks for it a moment later must not be before them. */
  async #await(opened: Promise<ShardLog>): Promise<void> {
    try {
      this.#log = await opened
    } catch {
      // Those who wait for it are told.
    }
    this.#opening = undefined
  }

  async #release(): Promise<void> {
    const log = this.#log
    this.#log = undefined
    const closed = log?.close()
    if (closed === undefined) return
    this.#closing = closed.finally(() => {
      this.#closing = undefined
    })
    await this.#closing
  }
}
