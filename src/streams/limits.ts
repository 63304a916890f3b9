import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import type { BucketTable } from '../log/buckets.ts'
import { type ApiCall, ApiRates } from './api-rates.ts'
import { JudgedWrites } from './judged-writes.ts'
import type { ShardLimit } from './shard-limits.ts'

/**
 * Whether the limits of AWS hold.
 *
 * - `off`: none does.
 * - `enforce`: what AWS would refuse fails with `ERR_MILLRACE_THROTTLED`.
 * - `report`: nothing is refused; `onLimit` and `stream.limitReport()` tell what AWS would have refused.
 */
export type LimitsMode = 'off' | 'enforce' | 'report'

/**
 * What there was too much of:
 *
 * - `write-records`, `write-bytes`: records, or keys and data, of one shard, by whatever way they are put.
 * - `read-calls`, `read-bytes`: GetRecords calls to one shard, or what they return.
 * - `iterator-calls`: GetShardIterator calls to one shard.
 * - `subscribe-calls`: SubscribeToShard calls of one consumer to one shard.
 * - `api-calls`: calls of one operation of the control plane.
 */
export type LimitName = ShardLimit | 'subscribe-calls' | 'api-calls'

/** Something that AWS refuses. */
export interface LimitEvent {
  /** It was refused; `false` in the mode `report`, where it only would have been. */
  readonly refused: boolean
  readonly limit: LimitName
  /** What the limit is, in a second: records, bytes or calls. */
  readonly perSecond: number
  /** An operation of AWS; `'put'` for records, which may come by PutRecord, PutRecords, or any method of a stream. */
  readonly operation: string
  readonly account: string
  readonly region: string
  readonly streamName: string | undefined
  readonly shardId: string | undefined
  /** Of the records, which all have it; `undefined` for what is not a put. */
  readonly partitionKey: string | undefined
  /** Records of this partition key that one put had too many; 0 for what is not a put. */
  readonly records: number
  /** Their keys and data, bytes; 0 for what is not a put. */
  readonly bytes: number
  /** Milliseconds since 1970 on the store's clock. */
  readonly atMs: number
}

/** Takes what AWS refuses. */
export type LimitListener = (event: LimitEvent) => void

/** The limits of a store where they are not off: who is told, and what its accounts have called lately. */
export class Limits {
  readonly mode: 'enforce' | 'report'
  /** Where everything is counted: what all share who have the store open, if the engine has such a thing. */
  readonly buckets: BucketTable
  /** For whoever judges records; never in use beyond a call. */
  readonly writes: JudgedWrites = new JudgedWrites()
  readonly #clock: Clock
  readonly #tell: LimitListener | undefined
  readonly #rates: ApiRates
  readonly #callsMet: Map<string, number> = new Map()
  #lastMs = 0

  constructor(
    mode: 'enforce' | 'report',
    clock: Clock,
    tell: LimitListener | undefined,
    buckets: BucketTable,
  ) {
    this.mode = mode
    this.buckets = buckets
    this.#rates = new ApiRates(buckets)
    this.#clock = clock
    this.#tell = tell
  }

  get enforced(): boolean {
    return this.mode === 'enforce'
  }

  /** How often `api-calls` was met, by operation, in all accounts and regions, since this store object was opened. */
  get callsMet(): ReadonlyMap<string, number> {
    return this.#callsMet
  }

  /** What the buckets are told. Milliseconds since 1970, integer; goes back when the clock is set back. */
  nowMs(): number {
    // A clock that breaks stands still.
    try {
      const nowMs = this.#clock.nowMs()
      if (Number.isSafeInteger(nowMs)) this.#lastMs = nowMs
    } catch {
      // Whoever stamps the records says so.
    }
    return this.#lastMs
  }

  /** Tells whoever wants to know. */
  tell(event: Omit<LimitEvent, 'refused' | 'atMs'>): void {
    this.#tell?.({ refused: this.enforced, ...event, atMs: this.#lastMs })
  }

  /**
   * Counts a call of the control plane.
   *
   * @throws `ERR_MILLRACE_THROTTLED`, if limits are enforced; `details.limit` is `api-calls`
   */
  call(call: ApiCall): void {
    const rate = this.#rates.call(call, this.nowMs())
    if (rate === undefined) return
    const { operation, account, region, streamName } = call
    this.#callsMet.set(operation, (this.#callsMet.get(operation) ?? 0) + 1)
    const facts = { limit: 'api-calls', perSecond: rate.perSecond, operation, streamName } as const
    this.tell({
      ...facts,
      account,
      region,
      shardId: undefined,
      partitionKey: undefined,
      records: 0,
      bytes: 0,
    })
    if (!this.enforced) return
    const where = rate.scope === 'stream' ? ` of ${streamName}` : ''
    throw new MillraceError(
      'ERR_MILLRACE_THROTTLED',
      `${operation}${where} may be called ${rate.perSecond} times in a second`,
      { details: { ...facts, account, region } },
    )
  }
}
