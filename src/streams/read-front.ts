import type { FrontStart } from './front-start.ts'
import { passOver, type ReadPlan, ShardReader } from './reader.ts'
import type { Shard } from './shard.ts'
import { formatShardId } from './shard-id.ts'
import type { ShardTable } from './shard-table.ts'
import type { ShardStart } from './starting-position.ts'

/** What a read needs of its stream to go on from shard to shard. */
export interface FrontStream {
  readonly table: ShardTable
  readonly ended: boolean
  /** Takes over what others did to the stream. */
  refresh(): void
  /** Calls `listener` when the shards have changed, or the stream has ended. Answers a function that forgets it. */
  onShards(listener: () => void): () => void
}

/**
 * How far a read of a whole stream has come: a shard is begun once every parent of it that belongs to the read was
 * read to its end. So records of a partition key come in their order across splits and merges, each of them once.
 */
export class ReadFront<T> {
  readonly #stream: FrontStream
  readonly #start: FrontStart
  readonly #plan: ReadPlan<T>
  /** Reads on in the children of what is open now. */
  readonly #follows: boolean
  /** Shards with this index or a higher one came after the read began. */
  readonly #firstNew: number
  /** Of shards that wait for their parents; there is nothing to wait for in a stream that was never resharded. */
  readonly #waiting: Map<number, ShardReader<T>> = new Map()
  /** Shards that were there when the read began, belong to it, and are not read to their end. */
  readonly #unread: Set<number>
  /** Those that came later and were read to their end. */
  readonly #readNew: Set<number> = new Set()
  /** Those that came later and were begun. */
  readonly #begunNew: Set<number> = new Set()
  /** Forgets who waits for a reshard. */
  readonly #listening: Set<() => void> = new Set()
  /** Shards of which some record was handed out or promised: what is missing after it is a gap. */
  readonly #promised: Set<number> = new Set()

  /** @param follows reads on in the children of what is open now */
  constructor(stream: FrontStream, start: FrontStart, plan: ReadPlan<T>, follows: boolean) {
    this.#stream = stream
    this.#start = start
    this.#plan = plan
    this.#follows = follows
    this.#firstNew = stream.table.nextIndex
    this.#unread = new Set(start.shards.map(({ index }) => index))
  }

  /** Tells of shards that were lost before the read began; throws `ERR_MILLRACE_TRIMMED` if nobody takes gaps. */
  tellLost(): void {
    for (const gap of this.#start.lost) passOver(gap, this.#plan)
  }

  /** Readers of all shards that can be begun now. */
  begin(): ShardReader<T>[] {
    const ready: ShardReader<T>[] = []
    for (const shard of this.#start.shards) {
      const reader = new ShardReader(shard, this.#start.startOf(shard), this.#plan)
      if (this.#isReady(shard)) ready.push(reader)
      else this.#waiting.set(shard.index, reader)
    }
    return ready
  }

  /** Whether the end of a shard may be the beginning of others. */
  get leadsOn(): boolean {
    return this.#follows || this.#waiting.size > 0
  }

  /**
   * A shard was read to its end: readers of those that can be begun now. A promise while it is not known yet who
   * took over.
   *
   * @throws `ERR_MILLRACE_TRIMMED` if shards between came and expired unread, and nobody takes gaps
   */
  after(reader: ShardReader<T>): readonly ShardReader<T>[] | Promise<readonly ShardReader<T>[]> {
    const { shard } = reader
    if (reader.anchored) this.#promised.add(shard.index)
    if (shard.index < this.#firstNew) this.#unread.delete(shard.index)
    else this.#readNew.add(shard.index)
    if (this.#follows && !this.#isOver(shard)) return this.#onceOver(shard).then(() => this.#next(shard))
    return this.#next(shard)
  }

  /** Nobody reads on. */
  end(): void {
    for (const reader of this.#waiting.values()) reader.end()
    this.#waiting.clear()
    for (const forget of this.#listening) forget()
    this.#listening.clear()
  }

  #isOver(shard: Shard): boolean {
    if (!shard.closed && !shard.dropped) this.#stream.refresh()
    return shard.closed || shard.dropped
  }

  /** The log has ended, and the metadata do not say yet who took over; or the stream ends. */
  #onceOver(shard: Shard): Promise<void> {
    return new Promise((resolve) => {
      const forget = this.#stream.onShards(() => {
        if (!shard.closed && !shard.dropped && !this.#stream.ended) return
        forget()
        this.#listening.delete(forget)
        resolve()
      })
      this.#listening.add(forget)
    })
  }

  #next(shard: Shard): readonly ShardReader<T>[] {
    const { table } = this.#stream
    // Of a shard that is gone nobody knows the children any more.
    const candidates = shard.dropped ? this.#unbegun() : table.childrenOf(shard.index)
    return candidates.flatMap((child) => (this.#isReady(child) ? this.#begun(child) : []))
  }

  #unbegun(): readonly Shard[] {
    return [...Array.from(this.#waiting.values(), ({ shard }) => shard), ...this.#stream.table.all]
  }

  /** The reader of a shard, unless it was begun before or does not belong to the read. */
  #begun(shard: Shard): readonly ShardReader<T>[] {
    if (shard.index < this.#firstNew) {
      const reader = this.#waiting.get(shard.index)
      if (reader === undefined) return []
      this.#waiting.delete(shard.index)
      if (this.#isPromised(shard)) reader.promise()
      return [reader]
    }
    if (!this.#follows || this.#begunNew.has(shard.index)) return []
    this.#begunNew.add(shard.index)
    this.#requireNoneLost(shard)
    // All of its records arrived after the read began.
    const start: ShardStart = this.#isPromised(shard) ? { from: 'record', offset: 1 } : { from: 'oldest' }
    return [new ShardReader(shard, start, this.#plan)]
  }

  /** A parent was promised, and so what comes after it. */
  #isPromised({ spec }: Shard): boolean {
    return (spec.parents ?? []).some((parent) => this.#promised.has(parent))
  }

  /** No parent is still to be read. */
  #isReady(shard: Shard): boolean {
    return (shard.spec.parents ?? []).every((parent) =>
      parent < this.#firstNew
        ? !this.#unread.has(parent)
        : this.#readNew.has(parent) || this.#stream.table.at(parent) === undefined,
    )
  }

  /** Parents that came and expired while this read was elsewhere may have held records. */
  #requireNoneLost({ spec }: Shard): void {
    for (const parent of spec.parents ?? []) {
      const isLost = parent >= this.#firstNew && !this.#readNew.has(parent)
      // Nobody knows any more where it came from: perhaps from a shard that was promised.
      if (!isLost || this.#promised.size === 0) continue
      this.#promised.add(parent)
      const gap = { shardId: formatShardId(parent), after: undefined, recordsMax: Number.POSITIVE_INFINITY }
      passOver(gap, this.#plan)
    }
  }
}
