import { afterEach, beforeEach } from 'vitest'
import { type ErrorCode, MillraceError } from '../../src/errors.ts'
import type { LogEngine, Maybe, ShardLog, Slot } from '../../src/log/log.ts'
import { ManualClock } from '../model/manual-clock.ts'

/** Makes a new, empty engine whose waits run on `clock`. The suite closes it. */
export type MakeEngine = (clock: ManualClock) => Maybe<LogEngine>

/** What an engine offers to the suites beyond the contract. Claims that need an absent one are skipped. */
export interface ContractOptions {
  /** Opens again what an engine of this suite, now closed, left behind. Absent: nothing outlives the engine. */
  readonly reopen?: (closed: LogEngine, clock: ManualClock) => Maybe<LogEngine>
  /** Makes an engine with room for roughly `bytes` of records, that refuses more as `full`. */
  readonly makeFull?: (clock: ManualClock, bytes: number) => Maybe<LogEngine>
  /** Runs of each property. @defaultValue 100 */
  readonly runs?: number
}

/** The engine under test, made anew for each test, and one log of it. */
export class Subject {
  readonly options: ContractOptions
  readonly #makeEngine: MakeEngine
  #clock: ManualClock = new ManualClock()
  #engine: LogEngine | undefined
  #slot: Slot | undefined
  #log: ShardLog | undefined

  constructor(makeEngine: MakeEngine, options: ContractOptions) {
    this.#makeEngine = makeEngine
    this.options = options
  }

  get clock(): ManualClock {
    return this.#clock
  }

  get engine(): LogEngine {
    return present(this.#engine)
  }

  /** A log, open and empty when the test begins. */
  get log(): ShardLog {
    return present(this.#log)
  }

  get slot(): Slot {
    return present(this.#slot)
  }

  async begin(make: MakeEngine = this.#makeEngine): Promise<void> {
    this.#clock = new ManualClock()
    this.#engine = await make(this.#clock)
    await this.freshLog()
  }

  async end(): Promise<void> {
    await this.#engine?.close()
    this.#engine = undefined
  }

  /** Closes the log and goes on with a new one. */
  async freshLog(): Promise<ShardLog> {
    await this.#log?.close()
    this.#slot = (await this.engine.create('stream', 1, 86_400_000))[0]
    this.#log = await this.engine.open(this.slot)
    return this.log
  }

  /** Closes the log and opens it again. */
  async reopenLog(): Promise<ShardLog> {
    await this.log.close()
    this.#log = await this.engine.open(this.slot)
    return this.log
  }

  /** Closes the engine, opens what it left behind, and its log; without an engine that can, only the log. */
  async reopenEngine(): Promise<ShardLog> {
    const { reopen } = this.options
    if (reopen === undefined) return this.reopenLog()
    await this.engine.close()
    this.#engine = await reopen(this.engine, this.clock)
    this.#log = await this.engine.open(this.slot)
    return this.log
  }
}

/** A subject that is made before each test of the surrounding block and closed after it. */
export function freshSubject(makeEngine: MakeEngine, options: ContractOptions): Subject {
  const subject = new Subject(makeEngine, options)
  beforeEach(() => subject.begin())
  afterEach(() => subject.end())
  return subject
}

/** The code of the error that a call throws or rejects with; anything else is no refusal and is thrown on. */
export async function refusalOf(call: () => unknown): Promise<ErrorCode | 'none'> {
  try {
    await call()
    return 'none'
  } catch (error) {
    if (error instanceof MillraceError) return error.code
    throw error
  }
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('no test is running')
  return value
}
