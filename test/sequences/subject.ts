import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { open, type OpenOptions, type Store } from '../../src/index.ts'
import { ManualClock, settled } from '../model/manual-clock.ts'
import { copyFolder, endSystem, type Marks, raiseMarks } from './crash-image.ts'
import { atOnce, transitions } from './model-settings.ts'
import type { Behind, Mode } from './step.ts'

/** In memory if possible: sequences are about what is stored where, not about the disk. */
const scratch = process.env['MILLRACE_SEQUENCES_FOLDER'] ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir())

const optionsOf: Readonly<Record<Mode, OpenOptions>> = {
  process: { durability: 'process' },
  commit: { durability: 'commit' },
  'commit, shown early': { durability: 'commit', visibility: 'committed' },
  interval: { durability: 'interval', intervalMs: 5 },
  none: { durability: 'none' },
}

/** What every opening of a store has in common. */
export interface Habits {
  /** At `memory:`, where only one mode makes sense. */
  readonly inMemory: boolean
  /** The limits of AWS are enforced. */
  readonly limited: boolean
  /** Changes take time. */
  readonly slow: boolean
}

/** The store under test: opened, closed, left to crashes, and read from beside. */
export class Subject {
  readonly clock: ManualClock = new ManualClock()
  readonly habits: Habits
  readonly #root: string | undefined
  readonly #abandoned: Store[] = []
  readonly #marks: Marks = new Map()
  #folders = 0
  #store: Store | undefined
  #mode: Mode = 'process'
  /** A second store of the same folder, opened with `readOnly`. */
  #reader: Store | undefined

  constructor(habits: Habits) {
    this.habits = habits
    this.#root = habits.inMemory ? undefined : mkdtempSync(join(scratch, 'millrace-sequence-'))
  }

  get inMemory(): boolean {
    return this.#root === undefined
  }

  get store(): Store {
    if (this.#store === undefined) throw new Error('the store is not open')
    return this.#store
  }

  /** How long its changes take. */
  get durations(): typeof transitions {
    return this.habits.slow ? transitions : atOnce
  }

  get reader(): Store | undefined {
    return this.#reader
  }

  get mode(): Mode {
    return this.#mode
  }

  get commits(): boolean {
    return this.#mode === 'commit' || this.#mode === 'commit, shown early'
  }

  /** Puts wait for another thread, so nothing can be stored within a call. */
  get storesLater(): boolean {
    return this.commits || this.#mode === 'interval'
  }

  async open(mode: Mode): Promise<void> {
    this.#mode = this.inMemory ? 'process' : mode
    const location = this.#root === undefined ? 'memory:' : this.#folder
    if (!this.inMemory) raiseMarks(this.#folder, this.#marks)
    this.#store = await open(location, {
      clock: this.clock,
      onWarning: failOn,
      limits: this.habits.limited ? 'enforce' : 'off',
      transitions: this.durations,
      ...optionsOf[this.#mode],
    })
  }

  async close(): Promise<void> {
    await this.closeReader()
    await this.store.close()
    this.#store = undefined
  }

  async openReader(): Promise<void> {
    this.#reader ??= await open(this.#folder, { clock: this.clock, onWarning: failOn, readOnly: true })
  }

  async closeReader(): Promise<void> {
    await this.#reader?.close()
    this.#reader = undefined
  }

  /** The process dies: what it leaves is a copy, which the next `open` is about. */
  async processDies(): Promise<void> {
    await this.closeReader()
    // What helper threads were told to do by the last call, they have begun.
    await settled()
    const from = this.#folder
    this.#folders += 1
    copyFolder(from, this.#folder)
    this.#abandoned.push(this.store)
    this.#store = undefined
  }

  /** The system dies, too, and takes a part of what was not on the disk. */
  async systemDies(torn: number, behind: Behind): Promise<void> {
    await this.processDies()
    endSystem(this.#folder, torn, behind, this.#marks)
  }

  async end(): Promise<void> {
    await this.#reader?.close()
    await Promise.all([this.#store, ...this.#abandoned].map((store) => store?.close().catch(() => {})))
    if (this.#root !== undefined) rmSync(this.#root, { recursive: true, force: true })
  }

  get #folder(): string {
    if (this.#root === undefined) throw new Error('memory has no folder')
    return join(this.#root, `store-${this.#folders}`)
  }
}

/** No sequence gives a reason to warn. */
function failOn(warning: { readonly code: string; readonly message: string }): never {
  throw new Error(`${warning.code}: ${warning.message}`)
}
