import { MillraceError } from '../errors.ts'
import { type LogStats, type Offset, Refusal, type ShardLog } from '../log/log.ts'
import { ReadBlock } from '../log/read-block.ts'
import type { Command } from './commands.ts'
import { difference } from './difference.ts'
import type { MetaStore, Outcome } from './meta.ts'
import { History, payloadOf } from './replay.ts'
import type { MetaState } from './state.ts'

/** A log of metadata that is only read, and answers within the call. */
export interface FollowedLog extends Pick<ShardLog, 'wait' | 'close'> {
  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number
  stats(): LogStats
}

/** Bytes and records of one page; a record that is larger makes room for itself. */
const pageBytes = 64 * 1024
const pageRecords = 256

/** A writer that trims its metadata under a reader makes it begin again; it does so seldom. */
const replaysMax = 8

/**
 * Metadata that somebody else writes, followed as it grows. `state` is never older than the call that asks for it:
 * what was readable by then is in it, so whoever is told of a stream finds it. Listeners are told in between, too.
 *
 * When it falls behind a trim, it begins again at the snapshot, and tells the difference as if it had been commands.
 */
export class MetaFollower implements MetaStore {
  readonly #log: FollowedLog
  readonly #onFailure: (error: MillraceError) => void
  readonly #block: ReadBlock = new ReadBlock(pageBytes, pageRecords)
  readonly #listeners: Set<(command: Command) => void> = new Set()
  readonly #stop: AbortController = new AbortController()
  #history: History
  #next: Offset
  /** It is at it: a listener that asks for the state gets the one that it is told of. */
  #catchingUp = false
  #failure: MillraceError | undefined
  #following: Promise<void> | undefined

  private constructor(log: FollowedLog, onFailure: (error: MillraceError) => void) {
    this.#log = log
    this.#onFailure = onFailure
    const { history, next } = this.#replayed()
    this.#history = history
    this.#next = next
  }

  /**
   * Reads the log and takes it over: `close` closes it. Throws `ERR_MILLRACE_CORRUPT` or
   * `ERR_MILLRACE_NEWER_FORMAT`, then the log stays open and the caller's.
   *
   * @param onFailure told once if the metadata cannot be read any more; `state` then throws the same
   */
  static open(log: FollowedLog, onFailure: (error: MillraceError) => void): MetaFollower {
    const follower = new MetaFollower(log, onFailure)
    follower.#following = follower.#follow()
    return follower
  }

  get state(): MetaState {
    this.#catchUp()
    if (this.#failure !== undefined) throw new MillraceError(this.#failure.code, this.#failure.message)
    return this.#history.state
  }

  get upToDate(): boolean {
    return true
  }

  async caughtUp(): Promise<void> {
    this.#catchUp()
  }

  async propose(): Promise<Outcome> {
    throw new MillraceError('ERR_MILLRACE_READ_ONLY', 'the metadata is only read here')
  }

  onChange(listener: (command: Command) => void): () => void {
    const own = (command: Command): void => listener(command)
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    await this.#following
    await this.#log.close()
  }

  get #closed(): boolean {
    return this.#stop.signal.aborted
  }

  async #follow(): Promise<void> {
    try {
      while (!this.#closed && this.#failure === undefined) {
        await this.#log.wait(this.#next, Number.POSITIVE_INFINITY, this.#stop.signal)
        this.#catchUp()
      }
    } catch (error) {
      // What it cannot wait for it may still be able to read; and if not, that says why.
      if (!this.#closed) this.#fail(error)
    }
  }

  /** Takes what is readable by now. */
  #catchUp(): void {
    if (this.#catchingUp || this.#closed || this.#failure !== undefined) return
    this.#catchingUp = true
    try {
      if (!this.#readOn()) this.#beginAgain()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#catchingUp = false
    }
  }

  /** False when what it reads does not follow from what it knows: it was trimmed, or went another way. */
  #readOn(): boolean {
    const block = this.#block
    try {
      do {
        const count = this.#log.read(this.#next, pageBytes, pageRecords, block)
        if (count === Refusal.trimmed) return false
        this.#take(this.#history, (command) => this.#announce(command))
        this.#next = block.next
      } while (!block.atTail)
      return true
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'ERR_MILLRACE_CORRUPT') return false
      throw error
    }
  }

  #beginAgain(): void {
    const before = this.#history.state
    const { history, next } = this.#replayed()
    this.#history = history
    this.#next = next
    for (const command of difference(before, history.state)) this.#announce(command)
  }

  /** The history that the log tells now. */
  #replayed(): { readonly history: History; readonly next: Offset } {
    for (let replays = 1; ; replays++) {
      const history = new History()
      let next = this.#log.stats().first
      let count: number
      do {
        count = this.#log.read(next, pageBytes, pageRecords, this.#block)
        this.#take(history, () => {})
        next = this.#block.next
      } while (count !== Refusal.trimmed && !this.#block.atTail)
      if (count !== Refusal.trimmed) return { history, next }
      if (replays === replaysMax) {
        throw new MillraceError('ERR_MILLRACE_IO', 'the metadata was trimmed faster than it could be read')
      }
    }
  }

  /** Takes the records of the page. */
  #take(history: History, changed: (command: Command) => void): void {
    const block = this.#block
    for (let index = 0; index < block.count; index++) {
      const command = history.accept(payloadOf(block, index), block.offsets[index] as number)
      if (command !== undefined) changed(command)
    }
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

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure =
      cause instanceof MillraceError
        ? cause
        : new MillraceError('ERR_MILLRACE_IO', 'the metadata could not be read', { cause })
    this.#onFailure(this.#failure)
  }
}
