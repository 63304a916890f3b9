import { nextTurn } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import { atEntry, type NotStored, type PutEntry, type PutResult } from './put.ts'
import { Staging } from './staging.ts'

/** What a queue needs of its stream. */
export interface PutIntake<T> {
  /** Packs one entry, or throws a fault of validation and packs nothing. */
  pack(staging: Staging, entry: PutEntry<T>): void
  /** Stores what is packed and leaves `staging` empty; one result each, in order. Rejects if nothing was tried. */
  commit(staging: Staging): Promise<readonly PutResult[]>
}

/** Somebody who waits until something holds, or never will. */
interface Waiter {
  holds(): boolean
  resolve(): void
  reject(error: unknown): void
}

/**
 * Entries on their way into a stream, for writers that take them one by one: packed when they are added, stored in
 * the order they came. One batch is under way at a time; what comes meanwhile goes together afterwards. The first
 * entry that cannot be stored ends the queue: those before it are stored, those behind it are never tried.
 */
export class PutQueue<T> {
  readonly #intake: PutIntake<T>
  readonly #bytesMax: number
  readonly #onFailure: (error: unknown) => void
  /** Packed and not yet on their way, oldest first. The last one takes more. */
  readonly #packed: Staging[] = []
  /** Without records, for the next batch. */
  #spare: Staging | undefined
  #waiters: Waiter[] = []
  /** Entries that were added, and that were stored, since the beginning. */
  #added = 0
  #stored = 0
  #underWayBytes = 0
  #running: Promise<void> | undefined
  /** An entry that cannot be packed. Those before it are still to be stored. */
  #fault: { readonly error: unknown } | undefined
  /** Nothing more will be stored. */
  #failure: { readonly error: unknown } | undefined

  /**
   * @param bytesMax from here on the queue is full; a batch takes half of it, so that one half is stored while the
   *   other one fills
   * @param onFailure told once why the queue ended, unless `discard` ended it
   */
  constructor(intake: PutIntake<T>, bytesMax: number, onFailure: (error: unknown) => void = ignore) {
    this.#intake = intake
    this.#bytesMax = bytesMax
    this.#onFailure = onFailure
  }

  /** Keys and payloads of entries that were added and are not stored yet. */
  get bytes(): number {
    return this.#packed.reduce((bytes, staging) => bytes + staging.used, this.#underWayBytes)
  }

  /** Whoever adds should wait for `room` first: there are enough bytes, or it is over. */
  get full(): boolean {
    return this.#over || this.bytes >= this.#bytesMax
  }

  /** Takes an entry; its data has been copied when this returns. What is wrong with it, `stored` and `room` say. */
  add(entry: PutEntry<T>): void {
    const index = this.#added++
    if (this.#over) return
    try {
      this.#intake.pack(this.#open(), entry)
    } catch (error) {
      this.#fault ??= { error: unstored(atEntry(error, index), index, [], index) }
    }
    this.#running ??= this.#run()
  }

  /** Resolves once everything that was added so far is stored; rejects with why it is not. */
  stored(): Promise<void> {
    const added = this.#added
    return this.#until(() => this.#stored >= added)
  }

  /** Resolves once half of the room is free; rejects with why it never will be. */
  room(): Promise<void> {
    return this.#until(() => !this.#over && this.bytes <= this.#bytesMax / 2)
  }

  /** Drops what is not on its way yet, and resolves once the rest has its answer. */
  async discard(reason: unknown): Promise<void> {
    this.#failure ??= { error: reason }
    this.#packed.length = 0
    await this.#running
    this.#tell()
  }

  get #over(): boolean {
    return this.#fault !== undefined || this.#failure !== undefined
  }

  #open(): Staging {
    const last = this.#packed.at(-1)
    if (last !== undefined && last.used < this.#bytesMax / 2) return last
    const opened = this.#spare ?? new Staging()
    this.#spare = undefined
    this.#packed.push(opened)
    return opened
  }

  /** Stores batch after batch. Never rejects. */
  async #run(): Promise<void> {
    try {
      while (this.#packed.length > 0) {
        // What is added in the same turn goes along, and a producer that never pauses starves nobody.
        await nextTurn()
        const batch = this.#packed.shift()
        if (batch !== undefined) await this.#store(batch)
        this.#tell()
      }
      if (this.#fault !== undefined) throw this.#fault.error
    } catch (error) {
      this.#fail(error)
    }
    this.#running = undefined
    this.#tell()
  }

  async #store(batch: Staging): Promise<void> {
    const first = this.#stored
    const next = first + batch.count
    if (next === first) return
    this.#underWayBytes = batch.used
    try {
      const results = await this.#commit(batch, first)
      const refused = results.flatMap((result, index) => (result.ok ? [] : [first + index]))
      const entry = refused[0]
      if (entry !== undefined)
        throw unstored((results[entry - first] as NotStored).error, entry, refused, next)
      this.#stored = next
      this.#spare = batch
    } finally {
      this.#underWayBytes = 0
    }
  }

  async #commit(batch: Staging, first: number): Promise<readonly PutResult[]> {
    try {
      return await this.#intake.commit(batch)
    } catch (error) {
      throw unstored(error, first, [], first)
    }
  }

  #fail(error: unknown): void {
    this.#packed.length = 0
    if (this.#failure !== undefined) return
    this.#failure = { error }
    this.#onFailure(error)
  }

  #until(holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ holds, resolve, reject })
      if (this.#running === undefined) this.#tell()
    })
  }

  #tell(): void {
    const over = this.#running === undefined ? this.#failure : undefined
    this.#waiters = this.#waiters.filter((waiter) => {
      if (waiter.holds()) waiter.resolve()
      else if (over !== undefined) waiter.reject(over.error)
      else return true
      return false
    })
  }
}

/** Says of an error which entries it leaves unstored: `refused`, and all from `untriedFrom` on. */
function unstored(error: unknown, entry: number, refused: readonly number[], untriedFrom: number): unknown {
  if (!(error instanceof MillraceError)) return error
  const message = error.details['entry'] === entry ? error.message : `entries[${entry}]: ${error.message}`
  return new MillraceError(error.code, message, {
    cause: error.cause ?? error,
    details: { ...error.details, entry, refused, untriedFrom },
  })
}

function ignore(): void {}
