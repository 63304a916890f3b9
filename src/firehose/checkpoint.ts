import type { Clock } from '../clock.ts'
import { secondMs } from '../units.ts'
import type { SourcePosition } from './delivery-source.ts'

/** A batch of the source. */
export interface BatchMark {
  /** Grows with each batch. */
  readonly ordinal: number
  /** Where to go on to get the batch again; `undefined` for the first one there is. */
  readonly before: SourcePosition | undefined
}

/** Keeps the position behind some batch back until it is released. */
export class Hold {
  #mark: BatchMark

  constructor(mark: BatchMark) {
    this.#mark = mark
  }

  get mark(): BatchMark {
    return this.#mark
  }

  /** Records of this batch are held, too. */
  include(mark: BatchMark): void {
    if (mark.ordinal < this.#mark.ordinal) this.#mark = mark
  }
}

/** What is saved is at most so old. */
const saveEveryMs = secondMs

/** Where a checkpoint is saved. */
export interface CheckpointHost {
  readonly clock: Clock
  savePosition(position: SourcePosition): Promise<void>
  /** The position could not be saved; it is tried again. */
  onSaveFailed(error: unknown): void
}

/**
 * How far a source may be forgotten: before every batch of which some record is not safe yet. Saved about once a second
 * while it moves, and at the end.
 */
export class Checkpoint {
  readonly #host: CheckpointHost
  readonly #holds: Set<Hold> = new Set()
  #ordinal = 0
  /** Behind all batches that were taken. */
  #read: SourcePosition | undefined
  #saved: SourcePosition | undefined
  #saving: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined
  #ended = false

  /** @param start where reading goes on */
  constructor(host: CheckpointHost, start: SourcePosition | undefined) {
    this.#host = host
    this.#read = start
    this.#saved = start
  }

  /** Where to go on reading. */
  get read(): SourcePosition | undefined {
    return this.#read
  }

  /** Where to go on after the loss of all that is in memory. */
  get safe(): SourcePosition | undefined {
    let oldest: BatchMark | undefined
    for (const { mark } of this.#holds) {
      if (oldest === undefined || mark.ordinal < oldest.ordinal) oldest = mark
    }
    return oldest === undefined ? this.#read : oldest.before
  }

  /** A batch was read: nothing behind its beginning is saved before `taken`. */
  begin(): Hold {
    this.#ordinal += 1
    return this.hold({ ordinal: this.#ordinal, before: this.#read })
  }

  /** All records of a batch are in buffers, which hold it as long as they need, or done. */
  taken(hold: Hold, position: SourcePosition): void {
    this.#read = position
    this.release(hold)
  }

  hold(mark: BatchMark): Hold {
    const hold = new Hold(mark)
    this.#holds.add(hold)
    return hold
  }

  release(hold: Hold): void {
    if (this.#holds.delete(hold)) this.#expect()
  }

  /** Saves for the last time. Rejects if that fails. */
  async end(): Promise<void> {
    this.#ended = true
    this.#cancelTimer?.()
    await this.#saving
    const { safe } = this
    if (safe !== undefined && safe !== this.#saved) await this.#host.savePosition(safe)
    this.#saved = safe
  }

  /** What moves while a save is under way is saved after it. */
  #expect(): void {
    if (this.#ended || this.#cancelTimer !== undefined || this.#saving !== undefined) return
    this.#cancelTimer = this.#host.clock.after(saveEveryMs, () => {
      this.#cancelTimer = undefined
      this.#saving = this.#save().finally(() => {
        this.#saving = undefined
        if (this.safe !== this.#saved) this.#expect()
      })
    })
  }

  async #save(): Promise<void> {
    const { safe } = this
    if (safe === undefined || safe === this.#saved) return
    try {
      await this.#host.savePosition(safe)
      this.#saved = safe
    } catch (error) {
      this.#host.onSaveFailed(error)
    }
  }
}
