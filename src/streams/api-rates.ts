import type { BucketTable } from '../log/buckets.ts'
import { CallRate } from './call-rate.ts'

/** Whose calls are counted together: those of an account in a region, or those to one stream of it. */
type RateScope = 'account' | 'stream'

/** How often an operation may be called. */
export interface ApiRate {
  readonly perSecond: number
  readonly scope: RateScope
}

const account = (rate: number): ApiRate => ({ perSecond: rate, scope: 'account' })

/**
 * The operations of the control plane. Those that the AWS API model gives no rate take the 5 calls in a second that it
 * gives most of them. What a shard is asked for (`ShardLimits`) is not here.
 */
export const apiRates: Readonly<Record<string, ApiRate>> = {
  AddTagsToStream: account(5),
  CreateChannel: account(5),
  CreateStream: account(5),
  DecreaseStreamRetentionPeriod: account(5),
  DeleteChannel: account(5),
  DeleteResourcePolicy: account(5),
  DeleteStream: account(5),
  DeregisterStreamConsumer: account(5),
  DescribeAccountSettings: account(5),
  DescribeChannel: account(5),
  DescribeLimits: account(1),
  DescribeStream: account(10),
  DescribeStreamConsumer: account(20),
  DescribeStreamSummary: account(20),
  DisableEnhancedMonitoring: account(5),
  EnableEnhancedMonitoring: account(5),
  GetResourcePolicy: account(5),
  IncreaseStreamRetentionPeriod: account(5),
  ListChannels: account(5),
  ListShards: { perSecond: 1000, scope: 'stream' },
  ListStreamConsumers: account(5),
  ListStreams: account(5),
  ListTagsForResource: account(5),
  ListTagsForStream: account(5),
  MergeShards: account(5),
  PutResourcePolicy: account(5),
  RegisterStreamConsumer: account(5),
  RemoveTagsFromStream: account(5),
  SplitShard: account(5),
  StartStreamEncryption: account(5),
  StopStreamEncryption: account(5),
  TagResource: account(5),
  UntagResource: account(5),
  UpdateAccountSettings: account(5),
  UpdateChannel: account(5),
  UpdateMaxRecordSize: account(5),
  UpdateShardCount: account(10),
  UpdateStreamMode: account(5),
  UpdateStreamRecordDistributionStrategy: account(5),
  UpdateStreamWarmThroughput: account(5),
}

/** Who calls an operation, about what. */
export interface ApiCall {
  readonly operation: string
  readonly account: string
  readonly region: string
  /** The stream that the call is about, if there is one. */
  readonly streamName: string | undefined
}

/** Counts that are as good as new are looked for when there are so many. */
const pruneFirst = 256

/** How often operations were called lately. Without a clock, as `ShardLimits`. */
export class ApiRates {
  readonly #table: BucketTable
  readonly #rates: Map<string, CallRate> = new Map()
  #pruneAt = pruneFirst

  /** @param table calls that are counted in the same one are counted together */
  constructor(table: BucketTable) {
    this.#table = table
  }

  /** Takes one call, or answers the rate that refuses it. An operation without a rate is never refused. */
  call({ operation, account: of, region, streamName }: ApiCall, nowMs: number): ApiRate | undefined {
    const rate = Object.hasOwn(apiRates, operation) ? apiRates[operation] : undefined
    if (rate === undefined) return undefined
    const key = `${of}/${region}/${operation}/${rate.scope === 'stream' ? (streamName ?? '') : ''}`
    let calls = this.#rates.get(key)
    if (calls === undefined) {
      if (this.#rates.size >= this.#pruneAt) this.#prune(nowMs)
      calls = new CallRate(this.#table, `api/${key}`, rate.perSecond, nowMs)
      this.#rates.set(key, calls)
    }
    return calls.take(nowMs) ? undefined : rate
  }

  /** Counts that are kept. */
  get remembered(): number {
    return this.#rates.size
  }

  /** Forgets counts that are as good as new. */
  #prune(nowMs: number): void {
    for (const [key, calls] of this.#rates) if (calls.full(nowMs)) this.#rates.delete(key)
    this.#pruneAt = 2 * this.#rates.size + pruneFirst
  }
}
