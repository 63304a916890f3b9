import type { OwnHashKeys } from '../../aggregation.ts'
import { MillraceError } from '../../errors.ts'
import type { Gap } from '../../streams/reader.ts'
import type { RecordBatch } from '../../streams/record-batch.ts'
import { parseSequencePlace } from '../../streams/sequence-number.ts'
import { formatShardId, parseShardId } from '../../streams/shard-id.ts'
import type { StartingPosition } from '../../streams/starting-position.ts'
import { coreOf, type Stream } from '../../streams/stream.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { MiB } from '../../units.ts'
import { Bell } from '../bell.ts'
import type { DeliveryRecord } from '../delivery-record.ts'
import type { DeliverySource, SourceBatch, SourceGap, SourcePosition } from '../delivery-source.ts'
import { addOpened, ownHashKeys } from './opened-records.ts'
import { advanced, ancestorsOf } from './shard-position.ts'

/** Large batches cost least; a record of a batch is copied once, and the batch is used again. */
const batchBytesDefault: number = MiB
const batchRecords = 8192

/** Of the first record of a shard. */
const firstOffset = 1

/** Which stream of the store. */
export interface StreamSourceOptions {
  /** Asked for at each beginning: a stream of the name may have taken the place of another one. */
  open(): Stream
  /** Records that arrived before are left out. Milliseconds since 1970. */
  readonly fromMs: number
  /**
   * The records were put into the delivery stream: they have no origin, and nothing is in them that the producer library
   * put together.
   */
  readonly direct: boolean
  /** What is handed out at once, and held meanwhile. Bytes. @defaultValue 1 MiB */
  readonly batchBytes?: number | undefined
}

/** Reads a stream of the store, across splits and merges. */
export class StreamSource implements DeliverySource {
  readonly #options: StreamSourceOptions
  #progress: StreamProgress | undefined
  /** Rings whenever more was handed out. */
  readonly #bell: Bell = new Bell()

  constructor(options: StreamSourceOptions) {
    this.#options = options
  }

  async *batches(
    from: SourcePosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<SourceBatch, void, undefined> {
    const { fromMs, direct, batchBytes = batchBytesDefault } = this.#options
    const stream = this.#options.open()
    const core = coreOf(stream)
    const gaps: SourceGap[] = []
    const start = startOf(from, stream, Math.min(fromMs, core.time.nowMs()), gaps)
    // All that was put is wanted; where reading goes on from a position, the reader tells.
    if (direct && start.from === 'time') gaps.push(...(await expiredOf(core)))
    const progress = new StreamProgress(core, start.from === 'sequence' ? (from ?? {}) : {})
    this.#progress = progress
    const reader = stream.readBatches({
      ...start,
      signal,
      reuse: true,
      batchBytes,
      batchRecords,
      onTrimmed: 'skip',
      onGap: ({ shardId, recordsMax }: Gap) => gaps.push({ shardId, recordsMax }),
    })
    for await (const batch of reader) {
      const records = direct ? directRecords(batch) : openedRecords(batch, progress.rangeOf(batch.shardId))
      const behindMs = await progress.advance(batch)
      yield {
        records:
          batch.arrivedAtMs(0) < fromMs ? records.filter((each) => each.arrivedAtMs >= fromMs) : records,
        position: progress.position,
        behindMs,
        gaps: gaps.splice(0),
      }
      progress.handedOut(batch.shardId)
      this.#bell.ring()
    }
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    const core = coreOf(this.#options.open())
    const tails = await tailsOf(core, this.#options.fromMs)
    // Before anything was read there is no progress; it may be another stream's.
    while (this.#progress?.core !== core || !this.#progress.isBehind(tails)) {
      signal.throwIfAborted()
      await this.#bell.heard(signal)
    }
  }

  async close(): Promise<void> {
    this.#bell.ring()
  }
}

/** How far a stream was read. */
class StreamProgress {
  readonly core: StreamCore
  #position: SourcePosition
  /** Offsets of the last records that were handed out, by shard; of those that count as read, `Infinity`. */
  readonly #handedOut: Map<string, number> = new Map()
  readonly #ranges: Map<string, OwnHashKeys> = new Map()
  #offset = 0

  constructor(core: StreamCore, from: SourcePosition) {
    this.core = core
    this.#position = from
    for (const [shardId, sequence] of Object.entries(from)) {
      this.#handedOut.set(shardId, parseSequencePlace(sequence)?.offset ?? 0)
    }
    for (const shardId of ancestorsOf(Object.keys(from), this.#shards())) {
      this.#handedOut.set(shardId, Number.POSITIVE_INFINITY)
    }
  }

  get position(): SourcePosition {
    return this.#position
  }

  rangeOf(shardId: string): OwnHashKeys | undefined {
    let range = this.#ranges.get(shardId)
    if (range === undefined) {
      const spec = this.core.table.at(parseShardId(shardId) ?? -1)?.spec
      if (spec === undefined) return undefined
      range = ownHashKeys(spec.startingHashKey, spec.endingHashKey)
      this.#ranges.set(shardId, range)
    }
    return range
  }

  /** Comes behind a batch; answers how far that is behind the end of its shard, milliseconds. */
  async advance(batch: RecordBatch): Promise<number> {
    const { shardId } = batch
    const last = batch.length - 1
    const sequence = batch.sequenceNumber(last)
    this.#position = advanced(this.#position, shardId, sequence, () => this.#shards())
    this.#offset = parseSequencePlace(sequence)?.offset ?? 0
    const stats = await this.core.table.at(parseShardId(shardId) ?? -1)?.opened?.stats()
    if (stats === undefined || this.#offset + 1 >= stats.next) return 0
    return Math.max(0, stats.lastTimeMs - batch.arrivedAtMs(last))
  }

  /** The batch that it came behind is done. */
  handedOut(shardId: string): void {
    this.#handedOut.set(shardId, this.#offset)
  }

  /** Everything up to these records was handed out. */
  isBehind(tails: ReadonlyMap<string, number>): boolean {
    for (const [shardId, offset] of tails) if ((this.#handedOut.get(shardId) ?? -1) < offset) return false
    return true
  }

  #shards(): {
    shardId: string
    parentShardId: string | undefined
    adjacentParentShardId: string | undefined
  }[] {
    return this.core.shards.map(({ id, spec: { parents = [] } }) => {
      const [parent, adjacent] = parents
      return {
        shardId: id,
        parentShardId: parent === undefined ? undefined : formatShardId(parent),
        adjacentParentShardId: adjacent === undefined ? undefined : formatShardId(adjacent),
      }
    })
  }
}

/** Where to go on in this stream. A position of another one, of the same name, is told as a gap. */
function startOf(
  position: SourcePosition | undefined,
  stream: Stream,
  fromMs: number,
  gaps: SourceGap[],
): StartingPosition {
  const sequence = Object.values(position ?? {})
  if (sequence.length === 0) return { from: 'time', arrivedAtMs: fromMs }
  const start = { from: 'sequence', sequence } as const
  try {
    void stream.readBatches({ ...start, until: 'tail', onTrimmed: 'skip' }).return()
    return start
  } catch (error) {
    const foreign = error instanceof MillraceError && error.code === 'ERR_MILLRACE_INVALID_ARGUMENT'
    if (!foreign) throw error
    for (const shardId of Object.keys(position ?? {}))
      gaps.push({ shardId, recordsMax: Number.POSITIVE_INFINITY })
    return { from: 'oldest' }
  }
}

/** Offsets of the newest records that can be read, by shard. */
async function tailsOf(core: StreamCore, fromMs: number): Promise<ReadonlyMap<string, number>> {
  core.refresh()
  const tails = new Map<string, number>()
  for (const shard of core.readableShards) {
    const log = await shard.log()
    const stats = await log.stats()
    const visible = await log.seek(Math.max(core.horizonMs(), fromMs))
    if (visible < stats.next && stats.first < stats.next) tails.set(shard.id, stats.next - 1)
  }
  return tails
}

/** What was put and expired before anything was read. */
async function expiredOf(core: StreamCore): Promise<readonly SourceGap[]> {
  const gaps: SourceGap[] = []
  for (const shard of core.readableShards) {
    const visible = await (await shard.log()).seek(core.horizonMs())
    if (visible > firstOffset) gaps.push({ shardId: shard.id, recordsMax: visible - firstOffset })
  }
  return gaps
}

function directRecords(batch: RecordBatch): readonly DeliveryRecord[] {
  const records: DeliveryRecord[] = []
  for (let index = 0; index < batch.length; index++) {
    records.push({ data: batch.bytes(index), arrivedAtMs: batch.arrivedAtMs(index), origin: undefined })
  }
  return records
}

function openedRecords(batch: RecordBatch, own: OwnHashKeys | undefined): readonly DeliveryRecord[] {
  const { shardId } = batch
  const records: DeliveryRecord[] = []
  for (let index = 0; index < batch.length; index++) {
    const origin = {
      shardId,
      partitionKey: batch.partitionKey(index),
      sequenceNumber: batch.sequenceNumber(index),
      subsequenceNumber: 0,
    }
    addOpened(records, batch.bytes(index), batch.arrivedAtMs(index), origin, own)
  }
  return records
}
