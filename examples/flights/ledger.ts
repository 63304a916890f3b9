import { jsonCodec, type Store, type Stream } from 'millrace'

/** A replay as it is announced before its first record is stored. */
export interface Replay {
  /** Rows of the source that it stores, from the first one on. */
  readonly records: number
  readonly announcedAtMs: number
}

/** One year: what the announcements say is needed as long as any record of the replays is kept. */
const retentionHours = 8760

/**
 * The replays of the demo's stream, in order, kept in a second stream of the same store. A replay is announced
 * durably before its first record: whatever a crash leaves, the records that are stored are a prefix, shard by
 * shard, of what the announcements promise.
 */
export class Ledger {
  readonly #stream: Stream<Replay>
  readonly #replays: Replay[]

  private constructor(stream: Stream<Replay>, replays: Replay[]) {
    this.#stream = stream
    this.#replays = replays
  }

  static async create(store: Store, name: string): Promise<Ledger> {
    return new Ledger(
      await store.createStream(name, { shards: 1, retentionHours, codec: jsonCodec<Replay>() }),
      [],
    )
  }

  static async open(store: Store, name: string): Promise<Ledger> {
    const stream = store.stream(name, { codec: jsonCodec<Replay>() })
    const replays: Replay[] = []
    for await (const record of stream.read({ from: 'oldest', until: 'tail' })) replays.push(record.data)
    return new Ledger(stream, replays)
  }

  /** First to last; only the last one may be incomplete. */
  get replays(): readonly Replay[] {
    return this.#replays
  }

  /** Rows of each replay. */
  get rows(): readonly number[] {
    return this.#replays.map(({ records }) => records)
  }

  async announce(records: number): Promise<void> {
    const replay: Replay = { records, announcedAtMs: Date.now() }
    await this.#stream.put('replay', replay)
    await this.#stream.flush()
    this.#replays.push(replay)
  }
}
