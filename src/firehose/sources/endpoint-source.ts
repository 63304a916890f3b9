import type { KinesisClient, KinesisClientConfig, _Record, Shard } from '@aws-sdk/client-kinesis'
import type * as sdkModule from '@aws-sdk/client-kinesis'
import type { Clock } from '../../clock.ts'
import { MillraceError } from '../../errors.ts'
import { secondMs } from '../../units.ts'
import type { DeliveryRecord } from '../delivery-record.ts'
import type { DeliverySource, SourceBatch, SourcePosition } from '../delivery-source.ts'
import type { EndpointOptions } from '../firehose-options.ts'
import { backOffMs, waited } from '../retry.ts'
import { addOpened, ownHashKeys } from './opened-records.ts'
import { advanced, ancestorsOf, parentsOf, type ShardDescent } from './shard-position.ts'

type Sdk = typeof sdkModule

/** A shard is asked again so long after it had nothing: five calls a second are for all its readers together. */
const pollEveryMs = secondMs
/** Records of one call (AWS API model, GetRecords). */
const callRecords = 10_000
/** Errors that say to come again later (AWS API model, GetRecords). */
const throttles: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'LimitExceededException',
  'KMSThrottlingException',
])

/** Which stream of which Kinesis. */
export interface EndpointSourceOptions {
  readonly streamArn: string
  /** Records that arrived before are left out. Milliseconds since 1970. */
  readonly fromMs: number
  readonly endpoint: EndpointOptions
  readonly clock: Clock
  /** From 0 up to 1, for back-off. */
  random(): number
  /** How calls are made. @defaultValue over HTTP */
  readonly requestHandler?: KinesisClientConfig['requestHandler'] | undefined
}

/** A shard that is being read. */
interface OpenShard {
  readonly shard: Shard
  readonly id: string
  iterator: string | undefined
  /** It had nothing: when it is asked again, monotonic. */
  dueMs: number
}

/**
 * Reads a stream of a Kinesis elsewhere: AWS's, or whatever answers like it. Parents before their children; throttles are
 * waited for. What expired before it was read is passed over by Kinesis without a word, and so here.
 */
export class EndpointSource implements DeliverySource {
  readonly #options: EndpointSourceOptions
  #client: KinesisClient | undefined

  constructor(options: EndpointSourceOptions) {
    this.#options = options
  }

  /** Rejects with `ERR_MILLRACE_UNSUPPORTED` if the SDK is not installed, and with what Kinesis refuses. */
  async *batches(
    from: SourcePosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<SourceBatch, void, undefined> {
    const { clock } = this.#options
    const reading = new EndpointReading(await this.#calls(), from ?? {}, signal)
    for (;;) {
      signal.throwIfAborted()
      const shards = await reading.ready()
      const due = shards.filter(({ dueMs }) => dueMs <= clock.monotonicMs())
      for (const open of due) {
        const batch = await reading.next(open)
        if (batch === undefined) open.dueMs = clock.monotonicMs() + pollEveryMs
        else yield batch
      }
      if (due.length > 0) continue
      const nextMs = Math.min(...shards.map(({ dueMs }) => dueMs - clock.monotonicMs()), pollEveryMs)
      await waited(nextMs, clock, signal)
    }
  }

  async close(): Promise<void> {
    this.#client?.destroy()
  }

  async #calls(): Promise<EndpointCalls> {
    const sdk = await loadSdk()
    const { endpoint, streamArn, requestHandler } = this.#options
    this.#client ??= new sdk.KinesisClient({
      region: endpoint.region ?? streamArn.split(':')[3] ?? 'us-east-1',
      ...(endpoint.endpoint !== undefined && { endpoint: endpoint.endpoint }),
      // A copy: clients write into what they get.
      ...(endpoint.credentials !== undefined && { credentials: { ...endpoint.credentials } }),
      ...(requestHandler !== undefined && { requestHandler }),
    })
    return new EndpointCalls(sdk, this.#client, this.#options)
  }
}

/** The calls that a source makes, each until it is answered. */
class EndpointCalls {
  readonly #sdk: Sdk
  readonly #client: KinesisClient
  readonly #options: EndpointSourceOptions

  constructor(sdk: Sdk, client: KinesisClient, options: EndpointSourceOptions) {
    this.#sdk = sdk
    this.#client = client
    this.#options = options
  }

  async shards(signal: AbortSignal): Promise<readonly Shard[]> {
    const all: Shard[] = []
    let next: string | undefined
    do {
      const input = next === undefined ? { StreamARN: this.#options.streamArn } : { NextToken: next }
      const command = new this.#sdk.ListShardsCommand(input)
      const page = await this.#answered(() => this.#client.send(command, { abortSignal: signal }), signal)
      all.push(...(page.Shards ?? []))
      next = page.NextToken
    } while (next !== undefined)
    return all
  }

  async iterator(
    shardId: string,
    after: string | undefined,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { streamArn, fromMs } = this.#options
    const place =
      after === undefined
        ? ({ ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(fromMs) } as const)
        : ({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: after } as const)
    const command = new this.#sdk.GetShardIteratorCommand({
      StreamARN: streamArn,
      ShardId: shardId,
      ...place,
    })
    const answer = await this.#answered(() => this.#client.send(command, { abortSignal: signal }), signal)
    return answer.ShardIterator
  }

  /** `undefined` if the iterator has expired. */
  async records(
    iterator: string,
    signal: AbortSignal,
  ): Promise<sdkModule.GetRecordsCommandOutput | undefined> {
    const { streamArn } = this.#options
    const input = { ShardIterator: iterator, StreamARN: streamArn, Limit: callRecords }
    const command = new this.#sdk.GetRecordsCommand(input)
    try {
      return await this.#answered(() => this.#client.send(command, { abortSignal: signal }), signal)
    } catch (error) {
      if (nameOf(error) === 'ExpiredIteratorException') return undefined
      throw error
    }
  }

  /** Throttles are waited for. */
  async #answered<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await call()
      } catch (error) {
        signal.throwIfAborted()
        if (!throttles.has(nameOf(error))) throw error
        await waited(backOffMs(failures, this.#options.random()), this.#options.clock, signal)
        signal.throwIfAborted()
      }
    }
  }
}

/** How far one reading has come. */
class EndpointReading {
  readonly #calls: EndpointCalls
  readonly #signal: AbortSignal
  #position: SourcePosition
  /** As far as is known. */
  #shards: readonly Shard[] | undefined
  readonly #open: Map<string, OpenShard> = new Map()
  /** Read to their end, or known to be. */
  readonly #done: Set<string> = new Set()

  constructor(calls: EndpointCalls, position: SourcePosition, signal: AbortSignal) {
    this.#calls = calls
    this.#position = position
    this.#signal = signal
  }

  /** Shards whose parents were read. */
  async ready(): Promise<readonly OpenShard[]> {
    if (this.#shards === undefined || this.#open.size === 0) await this.#look()
    return [...this.#open.values()]
  }

  /** What comes next in a shard; `undefined` if there is nothing now. */
  async next(open: OpenShard): Promise<SourceBatch | undefined> {
    open.iterator ??= await this.#calls.iterator(open.id, this.#position[open.id], this.#signal)
    if (open.iterator === undefined) return undefined
    const answer = await this.#calls.records(open.iterator, this.#signal)
    open.iterator = answer?.NextShardIterator
    if (answer === undefined) return undefined
    const { Records = [], MillisBehindLatest = 0 } = answer
    if (open.iterator === undefined) this.#end(open)
    const last = Records.at(-1)?.SequenceNumber
    if (last === undefined) return undefined
    this.#position = advanced(this.#position, open.id, last, () => (this.#shards ?? []).map(descentOf))
    return { records: recordsOf(Records, open), position: this.#position, behindMs: MillisBehindLatest }
  }

  #end({ id }: OpenShard): void {
    this.#open.delete(id)
    this.#done.add(id)
    // Its children may be new.
    this.#shards = undefined
  }

  async #look(): Promise<void> {
    const shards = await this.#calls.shards(this.#signal)
    this.#shards = shards
    const known = new Set(shards.map(({ ShardId }) => ShardId ?? ''))
    for (const id of ancestorsOf(Object.keys(this.#position), shards.map(descentOf))) this.#done.add(id)
    for (const shard of shards) {
      const id = shard.ShardId ?? ''
      if (this.#done.has(id) || this.#open.has(id)) continue
      const parents = parentsOf(descentOf(shard)).filter((parent) => known.has(parent))
      if (parents.every((parent) => this.#done.has(parent)))
        this.#open.set(id, { shard, id, iterator: undefined, dueMs: 0 })
    }
  }
}

function descentOf({ ShardId = '', ParentShardId, AdjacentParentShardId }: Shard): ShardDescent {
  return { shardId: ShardId, parentShardId: ParentShardId, adjacentParentShardId: AdjacentParentShardId }
}

function recordsOf(records: readonly _Record[], { shard, id }: OpenShard): readonly DeliveryRecord[] {
  const { StartingHashKey = '0', EndingHashKey = '0' } = shard.HashKeyRange ?? {}
  const own = ownHashKeys(StartingHashKey, EndingHashKey)
  const opened: DeliveryRecord[] = []
  for (const { Data, ApproximateArrivalTimestamp, PartitionKey = '', SequenceNumber = '' } of records) {
    const origin = {
      shardId: id,
      partitionKey: PartitionKey,
      sequenceNumber: SequenceNumber,
      subsequenceNumber: 0,
    }
    addOpened(opened, Data ?? new Uint8Array(0), ApproximateArrivalTimestamp?.getTime() ?? 0, origin, own)
  }
  return opened
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

async function loadSdk(): Promise<Sdk> {
  try {
    return await import('@aws-sdk/client-kinesis')
  } catch (error) {
    throw new MillraceError(
      'ERR_MILLRACE_UNSUPPORTED',
      'a stream elsewhere needs the AWS SDK, which is not installed: npm install @aws-sdk/client-kinesis',
      { cause: error, details: { command: 'npm install @aws-sdk/client-kinesis' } },
    )
  }
}
