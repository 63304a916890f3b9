import { invalidArgument } from '../errors.ts'
import { requireOptions } from '../options.ts'
import { BatchReader, type ReadGuard } from './batch-reader.ts'
import { BlockSupply } from './block-supply.ts'
import { type Codec, encodeWith } from './codec.ts'
import {
  describeShard,
  describeStream,
  type ShardDescription,
  type StreamDescription,
  streamArn,
} from './description.ts'
import {
  atEntry,
  type PutEntry,
  putEntryKeys,
  type PutOptions,
  putOptionKeys,
  type PutResult,
  type Stored,
} from './put.ts'
import { checkReadOptions, type ReadBatchesOptions, readDefaults, type ReadOptions } from './read-options.ts'
import { type ReadPlan, ShardReader } from './reader.ts'
import { RecordReader } from './record-reader.ts'
import type { Staging } from './staging.ts'
import { shardsToRead, startOf } from './starting-position.ts'
import { type StreamStats, streamStats } from './stats.ts'
import type { StreamCore } from './stream-core.ts'

/** What a stream needs from its store to change itself. */
export interface StreamOwner {
  /** Sets how long the stream keeps its records. */
  setRetention(core: StreamCore, retentionHours: unknown): Promise<void>
}

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
   * @param partitionKey 1 to 256 Unicode characters; records of one key go to one shard and keep their order
   * @param data the payload, as the stream's codec takes it; may be empty
   * @throws `ERR_MILLRACE_UNSUPPORTED` on stores that cannot keep this promise within a call: use `put`;
   *   `ERR_MILLRACE_BACKLOG` while earlier puts wait for the disk; and what `put` rejects with
   */
  append(partitionKey: string, data: T, options?: PutOptions): Stored {
    const stage = this.#single(partitionKey, data, options)
    return this.#core.commits.append(stage)
  }

  /**
   * Stores one record. Resolves once it is stored as the store's durability promises; readers see it then. Puts
   * of one turn of the event loop go to the engine together. The data is copied before this returns.
   *
   * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT` or `ERR_MILLRACE_UNKNOWN_OPTION` (nothing was stored),
   * `ERR_MILLRACE_RECORD_TOO_LARGE`, `ERR_MILLRACE_CODEC`, and with the errors of `NotStored`.
   *
   * @param partitionKey 1 to 256 Unicode characters; records of one key go to one shard and keep their order
   * @param data the payload, as the stream's codec takes it; may be empty
   */
  async put(partitionKey: string, data: T, options?: PutOptions): Promise<Stored> {
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
  async putBatch(entries: readonly PutEntry<T>[]): Promise<readonly PutResult[]> {
    this.#core.requireWritable()
    if (!Array.isArray(entries)) throw invalidArgument('entries', entries, 'an array')
    return this.#core.commits.putBatch((staging) => this.#stageAll(staging, entries))
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
    const guard = this.#guard(options, 'read')
    return new RecordReader(new BatchReader(this.#shardReaders(options), guard), guard)
  }

  /**
   * Reads records in batches, each of one shard. Cheaper than `read` where every nanosecond counts, otherwise the
   * same.
   *
   * @throws as `read`
   */
  readBatches(options: ReadBatchesOptions): BatchReader<T> {
    const guard = this.#guard(options, 'readBatches')
    return new BatchReader(this.#shardReaders(options), guard)
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
   * Resolves once every record that this store object put before the call would survive the loss of power.
   * What an earlier process left to its last checkpoint is not touched.
   */
  async flush(): Promise<void> {
    this.#core.requireWritable()
    await this.#core.drain()
    await Promise.all(this.#core.shards.map((shard) => shard.opened?.flush()))
  }

  /** What the stream is, as of now. */
  describe(): StreamDescription {
    this.#core.requireUsable()
    return describeStream(this.#core.state)
  }

  /** Its shards, by index. */
  shards(): readonly ShardDescription[] {
    this.#core.requireUsable()
    return this.#core.shards.map(describeShard)
  }

  /** What the stream holds. Opens the logs of all its shards. */
  async stats(): Promise<StreamStats> {
    this.#core.requireUsable()
    return streamStats(await Promise.all(this.#core.shards.map((shard) => this.#core.statsOf(shard))))
  }

  #single(partitionKey: string, data: T, options: PutOptions | undefined): (staging: Staging) => void {
    this.#core.requireWritable()
    if (options !== undefined) requireOptions('put options', options, putOptionKeys)
    const hashKey = options?.explicitHashKey
    const payload = encodeWith(this.#codec, data)
    const { maxRecordBytes } = this.#core.state
    return (staging) => staging.add(partitionKey, payload, hashKey, maxRecordBytes)
  }

  #stageAll(staging: Staging, entries: readonly PutEntry<T>[]): void {
    const codec = this.#codec
    const { maxRecordBytes } = this.#core.state
    let index = 0
    try {
      for (; index < entries.length; index++) {
        const entry = entries[index] as PutEntry<T>
        checkEntry(entry)
        const payload = encodeWith(codec, entry.data)
        staging.add(entry.partitionKey, payload, entry.explicitHashKey, maxRecordBytes)
      }
    } catch (error) {
      throw atEntry(error, index)
    }
  }

  #guard(options: ReadBatchesOptions, method: 'read' | 'readBatches'): ReadGuard {
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

  #shardReaders(options: ReadBatchesOptions): ShardReader<T>[] {
    const core = this.#core
    const shards = shardsToRead(options.shardId, core.shards)
    const start = startOf(options, core.shards, shards, core.time.nowMs())
    const plan: ReadPlan<T> = {
      codec: this.#codec,
      pageBytesMax: options.batchBytes ?? readDefaults.batchBytes,
      pageRecordsMax: options.batchRecords ?? readDefaults.batchRecords,
      untilTail: options.until === 'tail',
      onGap: options.onTrimmed === 'skip' ? (options.onGap ?? ignoreGap) : undefined,
      horizonMs: () => core.horizonMs(),
      blocks: new BlockSupply(options.reuse ?? readDefaults.reuse),
    }
    return shards.map((shard) => new ShardReader(shard, start(shard), plan))
  }
}

/** Refuses what is no entry, and names a misspelt key: it would silently change where a record goes. */
function checkEntry(entry: unknown): void {
  if (typeof entry !== 'object' || entry === null) throw invalidArgument('entry', entry, 'an object')
  for (const key in entry) {
    if (key !== 'partitionKey' && key !== 'data' && key !== 'explicitHashKey') {
      requireOptions('entry', entry, putEntryKeys)
    }
  }
}

function ignoreGap(): void {}
