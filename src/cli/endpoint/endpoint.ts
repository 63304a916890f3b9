import type * as sdkModule from '@aws-sdk/client-kinesis'
import type { Consumer, KinesisClient, Shard, StreamDescriptionSummary } from '@aws-sdk/client-kinesis'
import { EndpointStream } from './endpoint-stream.ts'

/** The SDK, once it is loaded. */
export type Sdk = typeof sdkModule

/** How a stream is created. */
export interface NewStream {
  readonly shards: number
  readonly retentionHours: number
  readonly maxRecordKib: number
}

/** Seconds that a change of a stream may take. */
const changeSecondsMax = 600
/** Hours that every stream has to begin with. */
const retentionHoursUsual = 24

/** Streams at a Kinesis endpoint, of whatever make. */
export class Endpoint {
  /** As it was asked for. */
  readonly place: string
  readonly #sdk: Sdk
  readonly #client: KinesisClient

  constructor(sdk: Sdk, client: KinesisClient, place: string) {
    this.#sdk = sdk
    this.#client = client
    this.place = place
  }

  close(): void {
    this.#client.destroy()
  }

  /** @param signal ends what is tried again and again */
  stream(name: string, signal?: AbortSignal): EndpointStream {
    return new EndpointStream(this.#sdk, this.#client, name, { signal })
  }

  /** All streams, by name. */
  async list(): Promise<readonly StreamDescriptionSummary[]> {
    const { ListStreamsCommand } = this.#sdk
    const found: StreamDescriptionSummary[] = []
    let last: string | undefined
    for (;;) {
      const { StreamNames = [], HasMoreStreams } = await this.#client.send(
        new ListStreamsCommand(last === undefined ? {} : { ExclusiveStartStreamName: last }),
      )
      for (const name of StreamNames) found.push(await this.describe(name))
      last = StreamNames.at(-1)
      if (HasMoreStreams !== true || last === undefined) return found
    }
  }

  async describe(StreamName: string): Promise<StreamDescriptionSummary> {
    const answer = await this.#client.send(new this.#sdk.DescribeStreamSummaryCommand({ StreamName }))
    return answer.StreamDescriptionSummary as StreamDescriptionSummary
  }

  /** Consumers that are registered with a stream. */
  async consumers(StreamARN: string): Promise<readonly Consumer[]> {
    const found: Consumer[] = []
    let NextToken: string | undefined
    do {
      const input = NextToken === undefined ? { StreamARN } : { StreamARN, NextToken }
      const answer = await this.#client.send(new this.#sdk.ListStreamConsumersCommand(input))
      found.push(...(answer.Consumers ?? []))
      NextToken = answer.NextToken
    } while (NextToken !== undefined)
    return found
  }

  /** Creates a stream, and waits until it takes records. */
  async create(
    StreamName: string,
    { shards, retentionHours, maxRecordKib }: NewStream,
  ): Promise<StreamDescriptionSummary> {
    const { CreateStreamCommand, IncreaseStreamRetentionPeriodCommand } = this.#sdk
    await this.#client.send(
      new CreateStreamCommand({
        StreamName,
        ShardCount: shards,
        // What is usual need not be said to endpoints that do not know it.
        ...(maxRecordKib === 1024 ? {} : { MaxRecordSizeInKiB: maxRecordKib }),
      }),
    )
    await this.#active(StreamName)
    if (retentionHours !== retentionHoursUsual) {
      const longer = { StreamName, RetentionPeriodHours: retentionHours }
      await this.#client.send(new IncreaseStreamRetentionPeriodCommand(longer))
    }
    return this.describe(StreamName)
  }

  async remove(StreamName: string): Promise<void> {
    await this.#client.send(new this.#sdk.DeleteStreamCommand({ StreamName }))
    const limits = { client: this.#client, maxWaitTime: changeSecondsMax, minDelay: 1, maxDelay: 2 }
    await this.#sdk.waitUntilStreamNotExists(limits, { StreamName })
  }

  /** Splits a shard; answers the shards that came of it. */
  split(StreamName: string, ShardToSplit: string, NewStartingHashKey: string): Promise<readonly Shard[]> {
    const command = new this.#sdk.SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey })
    return this.#changed(StreamName, () => this.#client.send(command))
  }

  /** Merges two neighbours; answers the shard that came of it. */
  merge(StreamName: string, ShardToMerge: string, AdjacentShardToMerge: string): Promise<readonly Shard[]> {
    const command = new this.#sdk.MergeShardsCommand({ StreamName, ShardToMerge, AdjacentShardToMerge })
    return this.#changed(StreamName, () => this.#client.send(command))
  }

  /** Changes the number of open shards; answers the ones that came. */
  scale(StreamName: string, TargetShardCount: number): Promise<readonly Shard[]> {
    const command = new this.#sdk.UpdateShardCountCommand({
      StreamName,
      TargetShardCount,
      ScalingType: 'UNIFORM_SCALING',
    })
    return this.#changed(StreamName, () => this.#client.send(command))
  }

  async #changed(name: string, change: () => Promise<unknown>): Promise<readonly Shard[]> {
    const before = new Set((await this.stream(name).shards()).map(({ ShardId }) => ShardId))
    await change()
    await this.#active(name)
    const after = await this.stream(name).shards()
    return after.filter(
      ({ ShardId, SequenceNumberRange }) =>
        !before.has(ShardId) && SequenceNumberRange?.EndingSequenceNumber === undefined,
    )
  }

  /** Waits until a stream is ACTIVE, and not about to change. */
  async #active(StreamName: string): Promise<void> {
    const limits = { client: this.#client, maxWaitTime: changeSecondsMax, minDelay: 1, maxDelay: 2 }
    await this.#sdk.waitUntilStreamExists(limits, { StreamName })
  }
}
