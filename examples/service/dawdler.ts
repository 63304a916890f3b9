import type { Clock, RecordReader, StoredRecord, Stream } from 'millrace'

/** A consumer that takes a few records each time, and is told when what it had not read yet has expired. */
export class Dawdler {
  readonly records: StoredRecord[] = []
  /** When it was told of gaps, milliseconds since 1970. */
  readonly gapsAtMs: number[] = []
  readonly #reader: RecordReader

  constructor(stream: Stream, clock: Clock) {
    this.#reader = stream.read({
      from: 'oldest',
      onTrimmed: 'skip',
      onGap: () => this.gapsAtMs.push(clock.nowMs()),
    })
  }

  /** Takes so many records; there must be as many. */
  async take(count: number): Promise<void> {
    for (let taken = 0; taken < count; taken++) {
      const next = await this.#reader.next()
      if (next.done !== true) this.records.push(next.value)
    }
  }

  async stop(): Promise<void> {
    await this.#reader.return()
  }
}
