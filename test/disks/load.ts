import { type End, type Failure, Program } from './program.ts'

export type Durability = 'process' | 'commit' | 'interval' | 'none'

export const durabilities: readonly Durability[] = ['process', 'commit', 'interval', 'none']

/** Shards of the stream under load. */
const shards = 3

/** How a process ends that no signal ended. */
export const endedWell: End = { code: 0, signal: null }

interface Outcome {
  readonly stored: readonly number[]
  readonly failures: readonly Failure[]
}

/** A store under load in a process of its own, and what it has acknowledged so far. */
export class Load {
  readonly folder: string
  readonly stored: Set<number> = new Set()
  readonly #writer: Program
  #next = 0

  private constructor(folder: string, writer: Program) {
    this.folder = folder
    this.#writer = writer
  }

  /** Opens the store, in a process of its own. */
  static async start(folder: string, durability: Durability, earlier?: Load): Promise<Load> {
    const load = new Load(folder, await Program.start('writer', folder, durability, String(shards)))
    if (earlier !== undefined) {
      for (const id of earlier.stored) load.stored.add(id)
      load.#next = earlier.#next
    }
    return load
  }

  /** Puts so many records and answers why some of them were refused. */
  async put(count: number): Promise<readonly Failure[]> {
    const from = this.#next
    this.#next += count
    return this.#note(await this.#writer.ask<Outcome>({ put: true, from, count }))
  }

  /** Puts until a record is refused; calls `meanwhile` once that is under way. Answers why it was refused. */
  async putUntilRefused(meanwhile: () => void = () => {}): Promise<readonly Failure[]> {
    await this.begin()
    meanwhile()
    return this.finish()
  }

  /** Begins to put for ever. */
  async begin(): Promise<void> {
    await this.#writer.ask({ run: true, from: this.#next })
  }

  /** What came of it, once a record was refused. */
  async finish(): Promise<readonly Failure[]> {
    const outcome = await this.#writer.answer<Outcome>()
    this.#next = Math.max(this.#next, ...outcome.stored) + 1000
    return this.#note(outcome)
  }

  /** The same, now. */
  async stop(): Promise<readonly Failure[]> {
    this.#writer.tell({ stop: true })
    return this.finish()
  }

  async flush(): Promise<Failure | undefined> {
    return this.#failing({ flush: true })
  }

  async createStream(name: string): Promise<Failure | undefined> {
    return this.#failing({ create: name })
  }

  async deleteStream(name: string): Promise<Failure | undefined> {
    return this.#failing({ drop: name })
  }

  async close(): Promise<Failure | undefined> {
    return this.#failing({ close: true })
  }

  /** How the process ends by itself. */
  async end(): Promise<End> {
    return this.#writer.end()
  }

  async kill(): Promise<void> {
    await this.#writer.kill()
  }

  async #failing(task: Readonly<Record<string, unknown>>): Promise<Failure | undefined> {
    const { failure } = await this.#writer.ask<{ readonly failure?: Failure }>(task)
    return failure
  }

  #note({ stored, failures }: Outcome): readonly Failure[] {
    for (const id of stored) this.stored.add(id)
    return failures
  }
}

/** The numbers of the records that a reader finds, in a process of its own; each was looked at byte by byte. */
export async function held(folder: string): Promise<ReadonlySet<number>> {
  const reader = await Program.start('reader', folder)
  const { ids, failure } = await reader.ask<{ readonly ids?: number[]; readonly failure?: Failure }>({
    held: true,
  })
  if (ids === undefined) throw new Error(`${failure?.code}: ${failure?.message}`)
  await reader.kill()
  return new Set(ids)
}

/** What is missing of what should be there. */
export function missing(from: ReadonlySet<number>, wanted: Iterable<number>): number[] {
  return [...wanted].filter((id) => !from.has(id))
}

/** The codes of some failures, each once, in order. */
export function codesOf(failures: readonly Failure[]): string[] {
  return failures.map(({ code }) => code).toSorted()
}
