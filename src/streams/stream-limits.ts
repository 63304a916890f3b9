import { MillraceError } from '../errors.ts'
import { Column } from '../log/log.ts'
import { CallRate, secondsWorth } from './call-rate.ts'
import type { Limits } from './limits.ts'
import { type LimitReport, LimitTally } from './limit-report.ts'
import type { Shard } from './shard.ts'
import {
  iteratorCallsPerSecond,
  pushedBytesPerSecond,
  readBytesPerSecond,
  readCallsPerSecond,
  type ShardLimit,
  ShardLimits,
  writeBytesPerSecond,
  writeRecordsPerSecond,
} from './shard-limits.ts'
import type { Staging } from './staging.ts'
import type { StreamCore } from './stream-core.ts'
import type { SubscriptionRate } from './subscription.ts'
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
  readonly #subscribers: Map<string, CallRate> = new Map()
  #pruneAt = pruneFirst

  constructor(core: StreamCore, limits: Limits) {
    this.#core = core
    this.#limits = limits
  }

  admit(staging: Staging, shard: Shard, from: number, count: number): number {
    const { order, columns } = staging
    const { writes } = this.#limits
    writes.clear(count)
    for (let index = from; index < from + count; index++) {
      writes.add(bytesOf(columns, order[index] as number))
    }
    const { maxRecordBytes } = this.#core.state
    const refused = this.#of(shard).write(writes, maxRecordBytes, this.#limits.nowMs())
    return refused === 0 ? count : this.#sort(staging, shard, from, count)
  }

  /**
   * Counts a GetRecords call. Answers whether AWS would answer it: then `returned` is told what it returned.
   *
   * @throws `ERR_MILLRACE_THROTTLED`, if limits are enforced
   */
  read(shard: Shard): boolean {
    return this.#judge(shard, 'GetRecords', this.#of(shard).read(this.#limits.nowMs()))
  }

  /** A GetRecords call returned so many bytes of keys and data. */
  returned(shard: Shard, bytes: number): void {
    this.#of(shard).returned(bytes, this.#limits.nowMs())
  }

  /**
   * Counts a GetShardIterator call.
   *
   * @throws `ERR_MILLRACE_THROTTLED`, if limits are enforced
   */
  iterator(shard: Shard): void {
    this.#judge(shard, 'GetShardIterator', this.#of(shard).iterator(this.#limits.nowMs()))
  }

  /**
   * Counts a SubscribeToShard call.
   *
   * @throws `ERR_MILLRACE_THROTTLED`, if limits are enforced
   */
  subscribe(shard: Shard, consumer: string): void {
    const nowMs = this.#limits.nowMs()
    const key = `${shard.index}/${consumer}`
    let calls = this.#subscribers.get(key)
    if (calls === undefined) {
      if (this.#subscribers.size >= this.#pruneAt) this.#prune(nowMs)
      calls = new CallRate(this.#limits.buckets, `${nameOf(shard)}/subscribe/${consumer}`, 1, nowMs)
      this.#subscribers.set(key, calls)
    }
    this.#judge(shard, 'SubscribeToShard', calls.take(nowMs) ? undefined : 'subscribe-calls')
  }

  /**
   * How fast a consumer may be sent records of a shard; `undefined`: as fast as it takes them. One that subscribes again
   * goes on with what it still owes.
   */
  pushRate(shard: Shard, consumer: string): SubscriptionRate | undefined {
    if (!this.#limits.enforced) return undefined
    const name = `${nameOf(shard)}/push/${consumer}`
    const rates = [secondsWorth(pushedBytesPerSecond)]
    const buckets = this.#limits.buckets.open(name, rates, this.#limits.nowMs())
    return {
      // What is sent may go into debt, which is paid before anything more is sent.
      waitMs: () => buckets.waitMs(0, 0, this.#limits.nowMs()),
      sent: (bytes) => buckets.spend(0, bytes, 0, this.#limits.nowMs()),
    }
  }

  /** The stream has the shard no longer; what was refused of it is reported no more. */
  forget(shard: Shard): void {
    this.#shards.delete(shard)
    this.#tallies.delete(shard)
  }

  report(): LimitReport {
    const shards = [...this.#tallies]
      .toSorted(([a], [b]) => a.index - b.index)
      .map(([shard, tally]) => tally.report(shard.id))
    return { mode: this.#limits.mode, shards }
  }

  #of(shard: Shard): ShardLimits {
    let limits = this.#shards.get(shard)
    if (limits === undefined) {
      limits = new ShardLimits(this.#limits.buckets, nameOf(shard))
      this.#shards.set(shard, limits)
    }
    return limits
  }

  #tallyOf(shard: Shard): LimitTally {
    let tally = this.#tallies.get(shard)
    if (tally === undefined) this.#tallies.set(shard, (tally = new LimitTally()))
    return tally
  }

  /** Tells of the records that the limits refuse; where they are enforced, puts the others first, and answers how many. */
  #sort(staging: Staging, shard: Shard, from: number, count: number): number {
    const { order, columns } = staging
    const { enforced, writes } = this.#limits
    const excesses: Map<string, Excess> = new Map()
    const refused: { readonly record: number; readonly limit: StreamLimit }[] = []
    let admitted = from
    for (let index = 0; index < count; index++) {
      const record = order[from + index] as number
      const limit = writes.refusal(index)
      if (limit !== undefined) {
        note(excesses, limit, partitionKeyOf(staging, record), bytesOf(columns, record))
        if (enforced) {
          refused.push({ record, limit })
          continue
        }
      }
      order[admitted++] = record
    }
    this.#tellWrites(shard, excesses.values())
    if (enforced) this.#refuse(staging, shard, admitted, refused)
    return admitted - from
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
    for (const [key, calls] of this.#subscribers) if (calls.full(nowMs)) this.#subscribers.delete(key)
    this.#pruneAt = 2 * this.#subscribers.size + pruneFirst
  }
}

/** What the counts of a shard are called: as its log, whose name no other one ever has. */
function nameOf({ spec }: Shard): string {
  return JSON.stringify(spec.slot)
}

/** Key and data. */
function bytesOf(columns: Uint32Array, record: number): number {
  const row = record * Column.stride
  return (columns[row + Column.keyBytes] as number) + (columns[row + Column.dataBytes] as number)
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
