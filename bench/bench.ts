/** One question about speed or size, in a file of its own named `<name>.bench.ts` that exports it as `bench`. */
export interface Bench {
  /** What the figures answer, in a sentence. */
  readonly question: string
  /** What is timed, on what, and what is left out: lines for the reader of the figures. */
  readonly terms: readonly string[]
  /** Measures, and reports through `session.say`. */
  run(session: BenchSession): Promise<void>
}

/** One run of one bench. */
export interface BenchSession {
  /** How often each contender is timed; at least five. */
  readonly rounds: number
  /** An empty folder on the file system under test. Gone after the run. */
  readonly folder: string
  /** Adds lines to the report. */
  say(...lines: readonly string[]): void
  /** Tells a person at the terminal what is going on; not part of the report. */
  progress(text: string): void
}
