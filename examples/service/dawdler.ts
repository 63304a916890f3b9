import type { Clock, StoredRecord, Stream } from 'millrace'

/**
 * A consumer that takes only so many records each time it comes by, and so falls behind: what has expired before it came
 * to it is gone, and it is told so.
 */
export class Dawdler {
  readonly records: StoredRecord[] = []
  /** Until when records had expired when it was told of gaps, milliseconds since 1970. */
  expiredBeforeMs = 0
  gaps = 0
  readonly #stream: Stream
  readonly #clock: Clock
  /** The last record of each shard that it has read of. */
  readonly #checkpoints: Map<string, string> = new Map()

  constructor(stream: Stream, clock: Clock) {
    this.#stream = stream
    this.#clock = clock
  }

  /** Takes so many records, or as many as there are. */
  async visit(recordsMax: number): Promise<void> {
    const known = new Set(this.#stream.shards().map(({ shardId }) => shardId))
    // Of a shard that is gone with all its records nothing can be read on.
    const sequence = [...this.#checkpoints].filter(([shardId]) => known.has(shardId)).map(([, last]) => last)
    const start =
      sequence.length === 0 ? { from: 'oldest' as const } : { from: 'sequence' as const, sequence }
    const retentionMs = this.#stream.describe().retentionHours * 3_600_000
    const onGap = (): void => {
      this.gaps += 1
      this.expiredBeforeMs = this.#clock.nowMs() - retentionMs
    }
    let left = recordsMax
    for await (const record of this.#stream.read({ ...start, until: 'tail', onTrimmed: 'skip', onGap })) {
      if (left-- === 0) return
      this.records.push(record)
      this.#checkpoints.set(record.shardId, record.sequenceNumber)
    }
  }
}
