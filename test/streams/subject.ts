import type { LogCaps, LogEngine } from '../../src/log/log.ts'
import { MetaLog } from '../../src/meta/meta-log.ts'
import { Store } from '../../src/streams/store.ts'
import type { StoreOptions } from '../../src/streams/store-options.ts'
import type { StoreWarning } from '../../src/streams/warning.ts'
import { AsyncEngine } from '../model/async-engine.ts'
import type { Faults } from '../model/faults.ts'
import { FaultyEngine } from '../model/faulty-engine.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { ModelEngine } from '../model/model-engine.ts'
import { ModelDisk } from '../model/stored-log.ts'

/** How the engine below answers: within the call, or by promises only. */
export type Answers = 'direct' | 'later'

/** Both kinds of engine, for `describe.each`. */
export const bothAnswers: readonly Answers[] = ['direct', 'later']

export interface SubjectOptions extends StoreOptions {
  readonly answers?: Answers
  readonly disk?: ModelDisk
  readonly caps?: Partial<LogCaps>
}

/** A store on the model, and everything a test may want to turn on it. */
export interface Subject {
  readonly store: Store
  readonly clock: ManualClock
  readonly disk: ModelDisk
  /** Faults of the shards' logs. */
  readonly faults: Faults
  readonly metaFaults: Faults
  readonly warnings: StoreWarning[]
}

/** Opens a store on the model. */
export async function openSubject(options: SubjectOptions = {}): Promise<Subject> {
  const { answers = 'direct', disk = new ModelDisk(), caps = {}, ...storeOptions } = options
  const clock = (storeOptions.clock as ManualClock | undefined) ?? new ManualClock()
  const faulty = new FaultyEngine(new ModelEngine({ clock, disk, caps }))
  const engine: LogEngine = answers === 'later' ? new AsyncEngine(faulty) : faulty
  const meta = await MetaLog.open(await engine.openMeta(), { clock })
  const warnings: StoreWarning[] = []
  const onWarning = (warning: StoreWarning): number => warnings.push(warning)
  const store = await Store.create(engine, meta, { onWarning, ...storeOptions, clock })
  return { store, clock, disk, faults: faulty.faults, metaFaults: faulty.metaFaults, warnings }
}

/** All that an iterable has. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** The first items of an iterable, which is ended then. */
export async function take<T>(items: AsyncIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = []
  for await (const item of items) if (taken.push(item) === count) break
  return taken
}

/** The bytes of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
