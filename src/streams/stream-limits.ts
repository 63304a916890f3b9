import { MillraceError } from '../errors.ts'
import { Column } from '../log/log.ts'
import type { Limits } from './limits.ts'
import { type LimitReport, LimitTally } from './limit-report.ts'
import type { Shard } from './shard.ts'
import {
  iteratorCallsPerSecond,
  pushedBytesPerSecond,
  readBytesPerSecond,
  readCallsPerSecond,
  secondsWorth,
  type ShardLimit,
  ShardLimits,
  writeBytesPerSecond,
  writeRecordsPerSecond,
} from './shard-limits.ts'
import type { Staging } from './staging.ts'
import type { StreamCore } from './stream-core.ts'
import type { SubscriptionRate } from './subscription.ts'
import type { TokenBucket } from './token-bucket.ts'
import type { WriteGate } from './write-gate.ts'

/** What a stream's limits judge: all but calls of the control plane. */
type StreamLimit = ShardLimit | 'subscribe-calls'

const perSecondOf: Readonly<Record<StreamLimit, number>> = {
  'write-records': writeRecordsPerSecond,
  'write-bytes': writeBytesPerSecond,
  'read-calls': readCallsPerSecond,
  'read-bytes': readBytesPerSecond,
  'iterator-calls': iteratorCallsPerSecond,
  'subscribe-calls': 1,
}

const ruleOf: Readonly<Record<StreamLimit, string>> = {
  'write-records': 'takes 1,000 records in a second',
  'write-bytes': 'takes 1 MiB of keys and data in a second',
  'read-calls': 'takes 5 calls of GetRecords in a second',
  'read-bytes': 'gives 2 MiB to GetRecords in a second',
  'iterator-calls': 'takes 5 calls of GetShardIterator in a second',
  'subscribe-calls': 'takes 1 call of SubscribeToShard of a consumer in a second',
}

/** Records of one put and one partition key that one limit refuses. */
interface Excess {
  readonly limit: StreamLimit
  readonly partitionKey: string
  records: number
  bytes: number
}

/** Subscribers that may subscribe again are forgotten when there are so many. */
const pruneFirst = 256

/** The limits of one stream's shards, where they are enforced or reported, and what they refuse. */
export class StreamLimits implements WriteGate {
  readonly #core: StreamCore
  readonly #limits: Limits
  readonly #shards: Map<Shard, ShardLimits> = new Map()
  readonly #tallies: Map<Shard, LimitTally> = new Map()
  /** By shard and consumer. */
  readonly #subscribers: Map<string, TokenBucket> = new Map()
  #pruneAt = pruneFirst

  constructor(core: StreamCore, limits: Limits) {
    this.#core = core
    this.#limits = limits
  }

  admit(staging: Staging, shard: Shard, from: number, count: number): number {
    const nowMs = this.#limits.nowMs()
    const { order, columns } = staging
    const { maxRecordBytes } = this.#core.state
    const limits = this.#of(shard, nowMs)
    const enforced = this.#limits.enforced
    let excesses: Map<string, Excess> | undefined
    let refused: { readonly record: number; readonly limit: StreamLimit }[] | undefined
    let admitted = from
    for (let index = from; index < from + count; index++) {
      const record = order[index] as number
      const row = record * Column.stride
      const bytes = (columns[row + Column.keyBytes] as number) + (columns[row + Column.dataBytes] as number)
      const limit = limits.write(bytes, maxRecordBytes, nowMs)
      if (limit !== undefined) {
        note((excesses ??= new Map()), limit, partitionKeyOf(staging, record), bytes)
        if (enforced) {
          ;(refused ??= []).push({ record, limit })
          continue
        }
      }
      order[admitted++] = record
    }
    if (excesses !== undefined) this.#tellWrites(shard, excesses.values())
    if (refused !== undefined) this.#refuse(staging, shard, admitted, refused)
    return admitted - from
  }

  /**
   * Counts a GetRecords call. Answers whether AWS would answer it: then `returned` is told what it returned.
   *
   * @throws `ERR_MILLRACE_THROTTLED`, if limits are enforced
   */
  read(shard: Shard): boolean {
    const nowMs = this.#limits.nowMs()
    return this.#judge(shard, 'GetRecords', this.#of(shard, nowMs).read(nowMs))
  }

  /** A GetRecords call returned so many bytes of keys and data. */
  returned(shard: Shard, bytes: number): void {
    const nowMs = this.#limits.nowMs()
    this.#of(shard, nowMs).returned(bytes, nowMs)
  }

  /**
   * Counts a GetShardIterator call.
   *
   * @throws `ERR_MILLRACE_THROTTLED`, if limits are enforced
   */
  iterator(shard: Shard): void {
    const nowMs = this.#limits.nowMs()
    this.#judge(shard, 'GetShardIterator', this.#of(shard, nowMs).iterator(nowMs))
  }

  /**
   * Counts a SubscribeToShard call.
   *
   * @throws `ERR_MILLRACE_THROTTLED`, if limits are enforced
   */
  subscribe(shard: Shard, consumer: string): void {
    const nowMs = this.#limits.nowMs()
    const key = `${shard.index}/${consumer}`
    let bucket = this.#subscribers.get(key)
    if (bucket === undefined) {
      if (this.#subscribers.size >= this.#pruneAt) this.#prune(nowMs)
      bucket = secondsWorth(1, nowMs)
      this.#subscribers.set(key, bucket)
    }
    this.#judge(shard, 'SubscribeToShard', bucket.take(1, nowMs) ? undefined : 'subscribe-calls')
  }

  /** How fast a subscription may be sent records; `undefined`: as fast as it takes them. */
  pushRate(): SubscriptionRate | undefined {
    if (!this.#limits.enforced) return undefined
    const bucket = secondsWorth(pushedBytesPerSecond, this.#limits.nowMs())
    return {
      // What is sent may go into debt, which is paid before anything more is sent.
      waitMs: () => bucket.waitMs(0, this.#limits.nowMs()),
      sent: (bytes) => bucket.spend(bytes, this.#limits.nowMs()),
    }
  }

  report(): LimitReport {
    const shards = [...this.#tallies]
      .toSorted(([a], [b]) => a.index - b.index)
      .map(([shard, tally]) => tally.report(shard.id))
    return { mode: this.#limits.mode, shards }
  }

  #of(shard: Shard, nowMs: number): ShardLimits {
    let limits = this.#shards.get(shard)
    if (limits === undefined) this.#shards.set(shard, (limits = new ShardLimits(nowMs)))
    return limits
  }

  #tallyOf(shard: Shard): LimitTally {
    let tally = this.#tallies.get(shard)
    if (tally === undefined) this.#tallies.set(shard, (tally = new LimitTally()))
    return tally
  }

  /** Answers whether a call is within its limit. */
  #judge(shard: Shard, operation: string, limit: StreamLimit | undefined): boolean {
    if (limit === undefined) return true
    this.#tallyOf(shard).call(limit)
    this.#tell(shard, operation, limit, undefined, 0, 0)
    if (!this.#limits.enforced) return false
    if (operation === 'GetRecords') this.#core.meter?.refusedRead(shard)
    throw this.#throttled(shard, operation, limit)
  }

  #tellWrites(shard: Shard, excesses: Iterable<Excess>): void {
    const tally = this.#tallyOf(shard)
    for (const { limit, partitionKey, records, bytes } of excesses) {
      tally.records(limit, partitionKey, records, bytes)
      this.#tell(shard, 'put', limit, partitionKey, records, bytes)
    }
  }

  #tell(
    shard: Shard,
    operation: string,
    limit: StreamLimit,
    partitionKey: string | undefined,
    records: number,
    bytes: number,
  ): void {
    const { account, region, name: streamName } = this.#core.state.key
    const where = { account, region, streamName, shardId: shard.id }
    this.#limits.tell({
      ...where,
      limit,
      perSecond: perSecondOf[limit],
      operation,
      partitionKey,
      records,
      bytes,
    })
  }

  /** Puts the refused records behind those that may be stored, those of one limit side by side. */
  #refuse(
    staging: Staging,
    shard: Shard,
    from: number,
    refused: readonly { readonly record: number; readonly limit: StreamLimit }[],
  ): void {
    this.#core.meter?.refusedWrites(shard, refused.length)
    for (const limit of ['write-records', 'write-bytes'] as const) {
      const start = from
      for (const { record, limit: by } of refused) if (by === limit) staging.order[from++] = record
      if (from > start) staging.refuse(start, from - start, this.#throttled(shard, 'put', limit))
    }
  }

  #throttled(shard: Shard, operation: string, limit: StreamLimit): MillraceError {
    const { account, region } = this.#core.state.key
    const stream = this.#core.streamName
    return new MillraceError('ERR_MILLRACE_THROTTLED', `${shard.id} of ${stream} ${ruleOf[limit]}`, {
      details: {
        limit,
        perSecond: perSecondOf[limit],
        operation,
        stream,
        shardId: shard.id,
        account,
        region,
      },
    })
  }

  #prune(nowMs: number): void {
    for (const [key, bucket] of this.#subscribers) if (bucket.full(nowMs)) this.#subscribers.delete(key)
    this.#pruneAt = 2 * this.#subscribers.size + pruneFirst
  }
}

function partitionKeyOf({ bytes, columns }: Staging, record: number): string {
  const row = record * Column.stride
  const start = columns[row + Column.keyAt] as number
  return bytes.toString('utf8', start, start + (columns[row + Column.keyBytes] as number))
}

function note(excesses: Map<string, Excess>, limit: StreamLimit, partitionKey: string, bytes: number): void {
  const id = `${limit}/${partitionKey}`
  const known = excesses.get(id)
  if (known === undefined) {
    excesses.set(id, { limit, partitionKey, records: 1, bytes })
    return
  }
  known.records += 1
  known.bytes += bytes
}
