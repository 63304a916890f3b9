import { ReadableStream, WritableStream } from 'node:stream/web'
import { invalidArgument } from '../errors.ts'
import { requireOptions } from '../options.ts'
import { BatchReader, type ReadGuard } from './batch-reader.ts'
import { BlockSupply } from './block-supply.ts'
import { type Codec, encodeWith } from './codec.ts'
import { Consumers } from './consumers.ts'
import {
  describeShard,
  describeStream,
  type ShardDescription,
  type StreamDescription,
} from './description.ts'
import {
  bytesMaxOf,
  checkEntryStreamOptions,
  entryStreamDefaults,
  type EntryStreamOptions,
} from './entry-stream-options.ts'
import { frontStartOf } from './front-start.ts'
import { RecordReadable } from './node-readable.ts'
import { EntryWritable } from './node-writable.ts'
import type { SingleRecord } from './group-commit.ts'
import type { ShardMinute } from './meter.ts'
import { checkedRange, type MetricRange } from './metric-range.ts'
import type { LimitReport } from './limit-report.ts'
import { packEntries, packEntry } from './pack-entry.ts'
import {
  type KeylessEntry,
  type PutEntry,
  type PutOptions,
  putOptionKeys,
  type PutResult,
  type Stored,
} from './put.ts'
import { type PutIntake, PutQueue } from './put-queue.ts'
import {
  type AnyReadOptions,
  checkReadOptions,
  leaseDefaults,
  type ReadBatchesOptions,
  readDefaults,
  type ReadMethod,
  type ReadOptions,
  type RecordStreamOptions,
} from './read-options.ts'
import { ReadFront } from './read-front.ts'
import type { ReadPlan } from './reader.ts'
import type { StoredRecord } from './record.ts'
import type { Reshard } from './resharder.ts'
import { RecordReader } from './record-reader.ts'
import { Settings } from './settings.ts'
import type { Shard } from './shard.ts'
import { type ListShardsOptions, listedShards } from './shard-filter.ts'
import { namedShard, placeOf } from './starting-position.ts'
import { type StreamStats, streamStats } from './stats.ts'
import { streamArn } from './stream-arn.ts'
import type { StreamOwner } from './stream-changes.ts'
import type { StreamCore } from './stream-core.ts'
import { requireProvisioned } from './stream-mode.ts'
import { RecordSource } from './web-readable.ts'
import { EntrySink } from './web-writable.ts'

/** Options of `getSync`. */
export interface GetSyncOptions {
  /**
   * The record, its payload included, is valid only until the next `getSync` with `reuse` of this stream; then its
   * memory holds another one. Faster for whoever keeps nothing. @defaultValue false
   */
  readonly reuse?: boolean | undefined
}

const getSyncKeys: readonly string[] = ['reuse']

/**
 * The door for the layers above (the AWS layer, test support) from a stream to what all objects of it share. No part
 * of the public surface.
 */
export let coreOf: <T>(stream: Stream<T>) => StreamCore

/**
 * A stream of a store, with the codec that it was created or opened with. Several objects of one stream are one
 * stream. All methods fail with `ERR_MILLRACE_CLOSED` once the store was closed, and with
 * `ERR_MILLRACE_STREAM_NOT_FOUND` once the stream was deleted; those that write, `flush` among them, with
 * `ERR_MILLRACE_READ_ONLY` in a store that was opened with `readOnly`.
 */
export class Stream<T = Uint8Array> {
  readonly name: string
  /** `arn:aws:kinesis:<region>:<account>:stream/<name>` */
  readonly arn: string
  readonly #core: StreamCore
  readonly #codec: Codec<T>
  readonly #owner: StreamOwner

  static {
    coreOf = (stream) => stream.#core
  }

  /** `store.createStream` and `store.stream` make streams. */
  constructor(core: StreamCore, codec: Codec<T>, owner: StreamOwner) {
    this.name = core.streamName
    this.arn = streamArn(core.state.key)
    this.#core = core
    this.#codec = codec
    this.#owner = owner
  }

  /**
   * Stores one record now, on this thread: when it returns, readers see the record, and it survives the process
   * (in memory: as long as the store). Puts that were made before it go first.
   *
   * @param partitionKey 1 to 256 Unicode characters; records of one key go to one shard and keep their order. May be
   *   `undefined` where the distribution is AUTO, which ignores it
   * @param data the payload, as the stream's codec takes it; may be empty
   * @throws `ERR_MILLRACE_UNSUPPORTED` on stores that cannot keep this promise within a call: use `put`;
   *   `ERR_MILLRACE_BACKLOG` while earlier puts wait for the disk, or the log of a shard that was idle is being
   *   opened again; and what `put` rejects with
   */
  append(partitionKey: string | undefined, data: T, options?: PutOptions): Stored {
    return this.#core.commits.append(this.#single(partitionKey, data, options))
  }

  /**
   * Stores one record. Resolves once it is stored as the store's durability promises; readers see it then. Puts
   * of one turn of the event loop go to the engine together. The data is copied before this returns.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT` or `ERR_MILLRACE_UNKNOWN_OPTION` (nothing was stored),
   * `ERR_MILLRACE_RECORD_TOO_LARGE`, `ERR_MILLRACE_CODEC`, and with the errors of `NotStored`.
   *
   * @param partitionKey 1 to 256 Unicode characters; records of one key go to one shard and keep their order. May be
   *   `undefined` where the distribution is AUTO, which ignores it
   * @param data the payload, as the stream's codec takes it; may be empty
   */
  async put(partitionKey: string | undefined, data: T, options?: PutOptions): Promise<Stored> {
    return this.#core.commits.put(this.#single(partitionKey, data, options))
  }

  /**
   * Stores many records at once: one result each, in order. An entry that is refused at run time (a full disk, a
   * shard that ended) has its error in its result; the others are stored all the same. A fault in any entry (a
   * bad key, a record that is too large, data that the codec cannot encode) rejects the whole call, and then
   * nothing was stored. Entries of one partition key keep their order. The data is copied before this returns.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_RECORD_TOO_LARGE`
   * or `ERR_MILLRACE_CODEC`; `error.details.entry` is the index of the entry.
   *
   * @param entries any number, up to 1 GiB together
   */
  async putBatch(entries: readonly (PutEntry<T> | KeylessEntry<T>)[]): Promise<readonly PutResult[]> {
    this.#core.requireTakesRecords()
    if (!Array.isArray(entries)) throw invalidArgument('entries', entries, 'an array')
    return this.#core.commits.putBatch((staging) => {
      packEntries(staging, entries, this.#codec, this.#core.state.maxRecordBytes, this.#core.keyless)
    })
  }

  /**
   * Reads records one by one, from a position on:
   *
   * ```ts
   * for await (const record of stream.read({ from: 'oldest', until: 'tail' })) console.log(record.data)
   * ```
   *
   * A read of several shards takes turns between them: the order is kept within each shard (and so within each
   * partition key), not across shards. At the tail it waits for new records, unless `until: 'tail'`. `latest` and
   * the tail are fixed when `read` is called, not at the first record.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_SHARD_NOT_FOUND`; what
   *   goes wrong later, `RecordReader.next` says
   */
  read(options: ReadOptions): RecordReader<T> {
    return this.#recordReader(options, 'read')
  }

  /**
   * Reads records in batches, each of one shard. Cheaper than `read` where every nanosecond counts, otherwise the
   * same.
   *
   * @throws as `read`
   */
  readBatches(options: ReadBatchesOptions): BatchReader<T> {
    return this.#batchReader(options, this.#guard(options, 'readBatches'))
  }

  /**
   * The record with this sequence number; `undefined` if it is not there (any more): expired, or lost with the
   * power before it was durable. Cheaper than a read that begins there.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT` for what is no sequence number of this stream, and with
   * `ERR_MILLRACE_CORRUPT` and `ERR_MILLRACE_IO`.
   */
  async get(sequenceNumber: string): Promise<StoredRecord<T> | undefined> {
    const core = this.#core
    core.requireUsable()
    const place = placeOf(sequenceNumber, core)
    return place && core.points.record(place, this.#codec, core.horizonMs())
  }

  /**
   * `get` within the call: several times as fast for a record that is in memory; for one that is not, this thread
   * waits for the disk, which `get` does elsewhere.
   *
   * @throws `ERR_MILLRACE_UNSUPPORTED` on stores that cannot answer within a call; `ERR_MILLRACE_BACKLOG` while the
   *   shard's log is being opened again; and what `get` rejects with
   */
  getSync(sequenceNumber: string, options?: GetSyncOptions): StoredRecord<T> | undefined {
    const core = this.#core
    core.requireAnswersWithinCall()
    const reuse = options !== undefined && reuses(options)
    const place = placeOf(sequenceNumber, core)
    return place && core.points.recordNow(place, this.#codec, core.horizonMs(), reuse)
  }

  /**
   * `read` as a Node stream in object mode, for `pipeline` and the like. Reads ahead by bytes, not by records. Ends
   * with `'end'` at the tail if asked, otherwise goes on; `destroy` ends the read. What goes wrong is its error.
   *
   * @throws as `read`
   */
  readable(options: RecordStreamOptions): RecordReadable<T> {
    return new RecordReadable(this.#recordReader(options, 'readable'), options.signal)
  }

  /**
   * `read` as a Web stream: as `readable`, and `cancel` ends the read.
   *
   * @throws as `read`
   */
  readableStream(options: RecordStreamOptions): ReadableStream<StoredRecord<T>> {
    const source = new RecordSource(this.#recordReader(options, 'readableStream'), options.signal)
    return new ReadableStream<StoredRecord<T>>(source, { highWaterMark: 0 })
  }

  /**
   * `putBatch` as a Node stream in object mode: takes entries one by one, stores them in order and many at once.
   * `write` is `false` by bytes that are not stored yet; callbacks and `'finish'` come once entries are stored.
   *
   * The first entry that is not stored ends the stream with its error (those of `putBatch` and `NotStored`), whose
   * `details` say what became of all: entries, counted from 0 as they were written, are stored below
   * `untriedFrom`, but for those in `refused`; `entry` is the first that is not. `destroy` drops what is not on
   * its way yet; after `'close'` nothing more is stored.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
   */
  writable(options: EntryStreamOptions = entryStreamDefaults): EntryWritable<T> {
    const intake = this.#putIntake(options, 'writable')
    return new EntryWritable(new PutQueue(intake, bytesMaxOf(options)), options.signal)
  }

  /**
   * `putBatch` as a Web stream: as `writable`, but `write` resolves once the data is copied and there is room for
   * more, and so does `ready`. `close` resolves once all is stored; `abort` drops what is not on its way yet.
   *
   * @throws as `writable`
   */
  writableStream(options: EntryStreamOptions = entryStreamDefaults): WritableStream<PutEntry<T>> {
    const intake = this.#putIntake(options, 'writableStream')
    return new WritableStream(new EntrySink(intake, bytesMaxOf(options), options.signal), {
      highWaterMark: 1,
    })
  }

  /**
   * Sets how long records are kept, 24 to 8760 hours. Shorter hides older records at once; longer never brings
   * back what was hidden. The value it has already is accepted and changes nothing.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`.
   */
  async setRetention(retentionHours: number): Promise<void> {
    this.#core.requireWritable()
    await this.#owner.setRetention(this.#core, retentionHours)
  }

  /**
   * Splits an open shard in two: the upper one begins at `newStartingHashKey`. Resolves with both once they take
   * records. Puts and reads go on meanwhile; every record of the shard comes before those of the two.
   *
   * Rejects with `ERR_MILLRACE_SHARD_NOT_FOUND`; `ERR_MILLRACE_SHARD_SEALED` for a shard that was split or merged
   * before; `ERR_MILLRACE_INVALID_ARGUMENT` for a hash key that is not above the first one of the shard plus one and
   * below the last one; `ERR_MILLRACE_STREAM_NOT_ACTIVE` while another reshard is under way;
   * `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 10,000 open shards; `ERR_MILLRACE_UNSUPPORTED` for a stream ON_DEMAND, whose
   * shards follow its load.
   */
  async splitShard(
    shardId: string,
    newStartingHashKey: string,
  ): Promise<readonly [ShardDescription, ShardDescription]> {
    requireProvisioned(this.#owner.present(this.#core))
    const reshard = await this.#owner.resharder.split(this.#core, shardId, newStartingHashKey)
    const [lower, upper] = await this.#childrenOf(shardId, reshard)
    return [lower as ShardDescription, upper as ShardDescription]
  }

  /**
   * Merges an open shard with the one whose hash keys follow, which is named second. Resolves with the one that
   * takes their place once it takes records.
   *
   * Rejects as `splitShard`, with `ERR_MILLRACE_INVALID_ARGUMENT` for shards that are not neighbours in this order.
   */
  async mergeShards(shardId: string, adjacentShardId: string): Promise<ShardDescription> {
    requireProvisioned(this.#owner.present(this.#core))
    const reshard = await this.#owner.resharder.merge(this.#core, shardId, adjacentShardId)
    const [child] = await this.#childrenOf(shardId, reshard)
    return child as ShardDescription
  }

  /**
   * Changes the number of open shards as AWS does: all are split in half if there are too few, then neighbours are
   * merged until there are so many. Resolves with the open ones. The number that there is changes nothing.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`; `ERR_MILLRACE_STREAM_NOT_ACTIVE`; `ERR_MILLRACE_LIMIT_EXCEEDED` for
   * more than twice or less than half of what there is, more than 10,000, and more than ten changes in any 24 hours.
   */
  async updateShardCount(targetShardCount: number): Promise<readonly ShardDescription[]> {
    requireProvisioned(this.#owner.present(this.#core))
    const { finished } = await this.#owner.resharder.scale(this.#core, targetShardCount)
    await finished
    return this.#core.map.open.map(describeShard)
  }

  /**
   * Resolves once every record that this store object put before the call would survive the loss of power.
   * What an earlier process left to its last checkpoint is not touched.
   */
  async flush(): Promise<void> {
    this.#core.requireWritable()
    await this.#core.drain()
    await Promise.all(this.#core.shards.map((shard) => shard.opened?.flush()))
  }

  /** What can be set of it, beside its retention and shards. */
  get settings(): Settings {
    return new Settings(this.#core, this.#owner)
  }

  /** The consumers that are registered for enhanced fan-out. */
  get consumers(): Consumers {
    return new Consumers(this.#core, this.#owner)
  }

  /** What the stream is, as of now. */
  describe(): StreamDescription {
    return describeStream(this.#owner.present(this.#core), this.#owner.nowMs())
  }

  /** Its shards, by index: the open ones, and closed ones until their last records expire. */
  shards(): readonly ShardDescription[] {
    return this.#readableShards().map(describeShard)
  }

  /**
   * Its shards by a filter, or a part of them.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
   */
  listShards(options: ListShardsOptions = {}): readonly ShardDescription[] {
    const shards = this.#readableShards()
    const horizonMs = Math.max(this.#core.horizonMs(), this.#core.state.createdAtMs)
    return listedShards(shards, options, horizonMs).map(describeShard)
  }

  /** What the stream holds. Opens the logs of all its shards. */
  async stats(): Promise<StreamStats> {
    this.#core.requireUsable()
    return streamStats(await Promise.all(this.#core.readableShards.map((shard) => this.#core.statsOf(shard))))
  }

  /** As of now, whoever changed them. */
  #readableShards(): readonly Shard[] {
    this.#core.requireUsable()
    this.#core.refresh()
    return this.#core.readableShards
  }

  async #childrenOf(shardId: string, { finished }: Reshard): Promise<readonly ShardDescription[]> {
    await finished
    const { table } = this.#core
    return table.childrenOf(namedShard(shardId, table.all, this.name).index).map(describeShard)
  }

  /**
   * What the limits of AWS refused of this stream, or in the mode `report` would have refused, since the store was
   * opened: per shard and limit, and the partition keys that it happened to most.
   */
  limitReport(): LimitReport {
    this.#core.requireUsable()
    return this.#core.limits?.report() ?? { mode: 'off', shards: [] }
  }

  /**
   * What enhanced monitoring counted, shard by shard and minute by minute: only of metrics while they were enabled
   * (`settings.enableMonitoring`), of this store object, and for a day.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
   */
  metrics(range: MetricRange = {}): readonly ShardMinute[] {
    this.#core.requireUsable()
    const { fromMs, toMs } = checkedRange(range)
    return this.#core.counted?.report(fromMs, toMs) ?? []
  }

  #single(partitionKey: string | undefined, data: T, options: PutOptions | undefined): SingleRecord {
    this.#core.requireTakesRecords()
    if (options !== undefined) requireOptions('put options', options, putOptionKeys)
    return {
      partitionKey: partitionKey === undefined ? this.#core.keyless : partitionKey,
      payload: encodeWith(this.#codec, data),
      hashKey: options?.explicitHashKey,
      recordBytesMax: this.#core.state.maxRecordBytes,
    }
  }

  #recordReader(options: RecordStreamOptions, method: ReadMethod): RecordReader<T> {
    const guard = this.#guard(options, method)
    return new RecordReader(this.#batchReader(options, guard), guard)
  }

  #putIntake(options: EntryStreamOptions, method: string): PutIntake<T> {
    const core = this.#core
    core.requireUsable()
    checkEntryStreamOptions(`${method} options`, options)
    return {
      pack: (staging, entry) =>
        packEntry(staging, entry, this.#codec, core.state.maxRecordBytes, core.keyless),
      async commit(staging) {
        core.requireTakesRecords()
        return core.commits.putBatch((into) => into.swap(staging))
      },
    }
  }

  #guard(options: AnyReadOptions, method: ReadMethod): ReadGuard {
    const core = this.#core
    core.requireUsable()
    checkReadOptions(options, method)
    const signal = options.signal
    return {
      signal,
      requireUsable: () => core.requireUsable(),
      get halted() {
        return core.ended || (signal !== undefined && signal.aborted)
      },
    }
  }

  #batchReader(options: AnyReadOptions, guard: ReadGuard): BatchReader<T> {
    const core = this.#core
    // Who was told of records by another thread or process finds them.
    core.refresh()
    const start = frontStartOf(options, options.shardId, core)
    const lease = options.lease ?? readDefaults.lease
    const defaults = lease ? leaseDefaults : readDefaults
    const plan: ReadPlan<T> = {
      codec: this.#codec,
      pageBytesMax: options.batchBytes ?? options.highWaterMarkBytes ?? defaults.batchBytes,
      pageRecordsMax: options.batchRecords ?? defaults.batchRecords,
      pageRecordsAsked: options.batchRecords !== undefined,
      untilTail: options.until === 'tail',
      onGap: options.onTrimmed === 'skip' ? (options.onGap ?? ignoreGap) : undefined,
      horizonMs: () => core.horizonMs(),
      get meter() {
        return core.meter
      },
      blocks: new BlockSupply(options.reuse ?? readDefaults.reuse, lease, core.blocks),
      leases: lease ? core.leases : undefined,
    }
    const follows = options.shardId === undefined && options.until === undefined
    return new BatchReader(new ReadFront(core, start, plan, follows), plan.blocks, guard)
  }
}

function reuses(options: GetSyncOptions): boolean {
  // The options that are right are known without a list of their keys, which `requireOptions` makes.
  let right = typeof options === 'object' && options !== null
  for (const key in options) right &&= key === 'reuse'
  if (!right) requireOptions('getSync options', options, getSyncKeys)
  const { reuse = false } = options
  if (typeof reuse !== 'boolean') throw invalidArgument('reuse', reuse, 'true or false')
  return reuse
}

function ignoreGap(): void {}
