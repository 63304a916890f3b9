import { type Clock, nextTurn, systemClock } from '../clock.ts'
import { invalidArgument, MillraceError } from '../errors.ts'
import type { Offset, ShardLog } from '../log/log.ts'
import type { Command } from './commands.ts'
import { difference } from './difference.ts'
import { decodeRecord, encodeRecord } from './encode.ts'
import type { MetaStore, Outcome } from './meta.ts'
import { type MetaSharing, readOn, type SharedMetaLog } from './other-writers.ts'
import { RecordWriter } from './record-writer.ts'
import { History, replayLog } from './replay.ts'
import { encodeSnapshot } from './snapshot.ts'
import { SnapshotSchedule, type SnapshotThresholds } from './snapshot-schedule.ts'
import type { MetaState } from './state.ts'

/** How a metadata log is kept. */
export interface MetaLogOptions extends Partial<SnapshotThresholds> {
  /** Flush each command before it counts. Off only where nothing is to survive anyway. @defaultValue true */
  readonly sync?: boolean
  /** Stamps the records. @defaultValue the system's clock */
  readonly clock?: Clock
  /** Commands above this are refused: `LogCaps.maxRecordBytes` of the engine. @defaultValue 10 MiB */
  readonly maxRecordBytes?: number
  /** Threads that may write the same log; it then answers within the call. @defaultValue there are none */
  readonly others?: { readonly sharing: MetaSharing; readonly log: SharedMetaLog } | undefined
}

/** What holds unless an option says otherwise. */
export const metaLogDefaults: Required<Omit<MetaLogOptions, 'others'>> = {
  sync: true,
  clock: systemClock,
  maxRecordBytes: 10 * 1024 * 1024,
  snapshotCommands: 1000,
  snapshotBytes: 1024 * 1024,
}

/** Limits of one group: proposals that are stored and flushed together. */
const groupCommandsMax = 256
const groupBytesMax = 4 * 1024 * 1024

type ChosenOptions = Required<Omit<MetaLogOptions, 'others'>> & Pick<MetaLogOptions, 'others'>

interface Proposal {
  readonly command: Command
  readonly settle: (outcome: Outcome) => void
  readonly fail: (error: MillraceError) => void
}

/** A proposal on its way into the log. */
interface Encoded extends Proposal {
  readonly payload: Uint8Array
}

/**
 * The metadata as a log of commands: what was proposed is appended, flushed, and only then applied. Whoever opens
 * the log again comes to the same state, by its last snapshot and the commands after it.
 *
 * One writer at a time: threads that share a log take turns. Proposals made while an earlier group is on its way go
 * together in the next one. After a failed write nobody knows what the log holds, so every later proposal is refused with
 * `ERR_MILLRACE_POISONED` until the store is opened again; the state stays readable.
 */
export class MetaLog implements MetaStore {
  readonly #log: ShardLog
  readonly #options: ChosenOptions
  readonly #stop: AbortController = new AbortController()
  readonly #writer: RecordWriter
  readonly #schedule: SnapshotSchedule
  readonly #listeners: Set<(command: Command) => void> = new Set()
  #queue: Proposal[] = []
  #history: History
  /** The first record that is not known yet. */
  #next: Offset
  #following: Promise<void> | undefined
  #catchingUp = false
  #work: Promise<void> | undefined
  #failure: MillraceError | undefined
  #closing: Promise<void> | undefined
  #stopListening: (() => void) | undefined

  private constructor(
    log: ShardLog,
    options: ChosenOptions,
    schedule: SnapshotSchedule,
    past: { readonly history: History; readonly next: Offset },
  ) {
    this.#log = log
    this.#options = options
    this.#writer = new RecordWriter(log, options.clock)
    this.#schedule = schedule
    this.#history = past.history
    this.#next = past.next
    const sharing = options.others?.sharing
    if (sharing?.shared) this.#following = this.#follow()
    else this.#stopListening = sharing?.onJoined(() => (this.#following ??= this.#follow()))
  }

  /**
   * Reads the log and takes it over: `close` closes it. Rejects with `ERR_MILLRACE_CORRUPT` or
   * `ERR_MILLRACE_NEWER_FORMAT`, then the log stays open and the caller's.
   */
  static async open(log: ShardLog, options: MetaLogOptions = {}): Promise<MetaLog> {
    const chosen = { ...metaLogDefaults, ...options }
    const schedule = new SnapshotSchedule(chosen)
    const sharing = chosen.others?.sharing
    if (sharing !== undefined) await turnOf(sharing)
    try {
      return new MetaLog(log, chosen, schedule, await replayLog(log, schedule))
    } finally {
      sharing?.giveTurn()
    }
  }

  /** Never older than the call that asks for it, whoever writes, unless a proposal of this one is under way. */
  get state(): MetaState {
    if (this.#work === undefined && this.#failure === undefined) this.#tryCatchUp()
    return this.#history.state
  }

  get upToDate(): boolean {
    return this.#work === undefined
  }

  async caughtUp(): Promise<void> {
    await this.#work
    void this.state
  }

  /**
   * Rejects, with nothing changed, with `ERR_MILLRACE_NO_SPACE` or `ERR_MILLRACE_BACKLOG` (may be tried again),
   * `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_RECORD_TOO_LARGE`, `ERR_MILLRACE_CLOSED`; and with
   * `ERR_MILLRACE_UNKNOWN_OUTCOME`, `ERR_MILLRACE_POISONED` or the log's own error when the log is beyond use.
   */
  propose(command: Command): Promise<Outcome> {
    return new Promise((settle, fail) => {
      if (this.#closing !== undefined)
        throw new MillraceError('ERR_MILLRACE_CLOSED', 'the metadata is closed')
      if (this.#failure !== undefined) throw this.#failure
      this.#queue.push({ command: readable(command), settle, fail })
      this.#work ??= this.#drain()
    })
  }

  onChange(listener: (command: Command) => void): () => void {
    const own = (command: Command): void => listener(command)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  /** Waits for what was proposed, then closes the log. */
  close(): Promise<void> {
    this.#closing ??= this.#finish()
    return this.#closing
  }

  async #finish(): Promise<void> {
    await this.#work
    this.#stopListening?.()
    this.#stop.abort()
    await this.#following
    await this.#log.close()
  }

  /** Never rejects: every failure goes to those who wait for it. */
  async #drain(): Promise<void> {
    // Whatever else is proposed in this turn joins the first group.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const sharing = this.#options.others?.sharing
      if (sharing !== undefined) await turnOf(sharing)
      try {
        await this.#writeGroup()
      } finally {
        sharing?.giveTurn()
      }
    }
    this.#work = undefined
  }

  async #writeGroup(): Promise<void> {
    if (!this.#tryCatchUp()) return
    const group = this.#takeGroup()
    await this.#commit(group).catch((error: unknown) => this.#breakDown(error, group))
    if (this.#failure === undefined && this.#schedule.due) {
      await this.#writeSnapshot().catch((error: unknown) => this.#breakDown(error, []))
    }
  }

  /** False when what others wrote cannot be read: then nothing can be written either. */
  #tryCatchUp(): boolean {
    // A listener that asks for the state gets the one that it is told of.
    if (this.#catchingUp) return true
    this.#catchingUp = true
    try {
      this.#catchUp()
      return true
    } catch (error) {
      this.#breakDown(error, [])
      return false
    } finally {
      this.#catchingUp = false
    }
  }

  /** Takes over what other threads have written. */
  #catchUp(): void {
    const { others } = this.#options
    if (others === undefined || this.#stop.signal.aborted || others.sharing.alone) return
    const next = readOn(others.log, this.#history, this.#next, (command) => this.#announce(command))
    if (next === undefined) this.#beginAgain(others.log)
    else this.#next = next
  }

  /** What led to the snapshot that others wrote is gone: the snapshot says all of it. */
  #beginAgain(log: SharedMetaLog): void {
    const before = this.#history.state
    const history = new History(this.#schedule)
    const next = readOn(log, history, log.stats().first, () => {})
    if (next === undefined) return // trimmed once more: the next look finds it
    this.#history = history
    this.#next = next
    for (const command of difference(before, history.state)) this.#announce(command)
  }

  /** Tells listeners what other threads do, as it happens. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop
    try {
      while (!signal.aborted && this.#failure === undefined) {
        await this.#log.wait(this.#next, Number.POSITIVE_INFINITY, signal)
        if (this.#work === undefined) this.#tryCatchUp()
        else await this.#work
      }
    } catch (error) {
      if (!signal.aborted) this.#breakDown(error, [])
    }
  }

  #takeGroup(): Encoded[] {
    const group: Encoded[] = []
    let bytes = 0
    while (group.length < groupCommandsMax && bytes < groupBytesMax) {
      const proposal = this.#queue.shift()
      if (proposal === undefined) break
      const ordinal = this.#history.ordinal + group.length + 1
      const payload = encodeRecord({ kind: 'command', ordinal, command: proposal.command })
      if (payload.length > this.#options.maxRecordBytes) {
        proposal.fail(tooLarge(payload.length, this.#options.maxRecordBytes))
      } else {
        group.push({ ...proposal, payload })
        bytes += payload.length
      }
    }
    return group
  }

  async #commit(group: readonly Encoded[]): Promise<void> {
    const { offsets, refusal } = await this.#writer.write(group.map((proposal) => proposal.payload))
    if (this.#options.sync && offsets.length > 0) await this.#log.flush()
    this.#next = Math.max(this.#next, (offsets.at(-1) ?? 0) + 1)
    for (const [index, proposal] of group.entries()) {
      const offset = offsets[index]
      if (offset !== undefined) this.#applyStored(proposal, offset)
      else if (refusal !== undefined) proposal.fail(refusal)
    }
    if (refusal?.code === 'ERR_MILLRACE_UNKNOWN_OUTCOME') throw refusal
  }

  #applyStored(proposal: Encoded, offset: Offset): void {
    const applied = this.#history.accept(proposal.payload, offset)
    if (applied !== undefined) this.#announce(proposal.command)
    proposal.settle(applied === undefined ? 'stale' : 'applied')
  }

  /** A listener that throws is a bug of its owner: it surfaces there and stops nobody else. */
  #announce(command: Command): void {
    for (const listener of Array.from(this.#listeners)) {
      try {
        listener(command)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  /** Sums up the log and trims what is no longer needed. A refusal is no harm: the commands are all there. */
  async #writeSnapshot(): Promise<void> {
    const { state, ordinal } = this.#history
    const payloads = encodeSnapshot({ state, ordinal })
    const { offsets, refusal } = await this.#writer.write(payloads)
    const begin = offsets[0]
    if (refusal !== undefined || begin === undefined) {
      if (refusal?.code === 'ERR_MILLRACE_UNKNOWN_OUTCOME') throw refusal
      return this.#schedule.postpone()
    }
    if (this.#options.sync) await this.#log.flush()
    this.#next = Math.max(this.#next, (offsets.at(-1) ?? 0) + 1)
    await this.#log.trim(begin)
    this.#schedule.snapshotStored(payloads.reduce((sum, payload) => sum + payload.length, 0))
  }

  /** The log is beyond use: tells the group why, and everybody after it that it is so. */
  #breakDown(cause: unknown, group: readonly Proposal[]): void {
    const error = cause instanceof MillraceError ? cause : ioError(cause)
    for (const proposal of group) proposal.fail(error)
    const message = 'an earlier write of the metadata failed; open the store again'
    this.#failure = new MillraceError('ERR_MILLRACE_POISONED', message, { cause: error })
    for (const proposal of this.#queue.splice(0)) proposal.fail(this.#failure)
  }
}

/** Another thread has the turn for as long as a sync takes, and seldom. */
async function turnOf(sharing: MetaSharing): Promise<void> {
  while (!sharing.takeTurn()) await nextTurn()
}

/** The command as it will be read back: what would not be must not be written. */
function readable(command: Command): Command {
  try {
    const record = decodeRecord(encodeRecord({ kind: 'command', ordinal: 1, command }), 1)
    if (record.kind === 'command') return record.command
    throw new Error(`it reads back as ${record.kind}`)
  } catch (cause) {
    throw invalidArgument('command', command, cause instanceof Error ? cause.message : 'a known command')
  }
}

function tooLarge(bytes: number, limit: number): MillraceError {
  const message = `a command of ${bytes} bytes exceeds the ${limit} that a record may have`
  return new MillraceError('ERR_MILLRACE_RECORD_TOO_LARGE', message, { details: { bytes, limit } })
}

function ioError(cause: unknown): MillraceError {
  return new MillraceError('ERR_MILLRACE_IO', 'the metadata could not be written', { cause })
}
