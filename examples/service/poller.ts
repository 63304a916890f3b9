import {
  type _Record as AwsRecord,
  type ChildShard,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis'

/** Where a consumer is in one shard. */
interface Progress {
  /** Read after this one; from the oldest on if there is none yet. */
  checkpoint: string | undefined
  /** Nothing will follow. */
  ended: boolean
  /** Shards that have to be read to their end first. */
  readonly parents: readonly string[]
}

/**
 * A consumer that comes by now and then: it asks every shard for what came since its checkpoint, and goes on with the
 * children of a shard that has ended. Iterators live five minutes, so it takes a new one each time.
 */
export class Poller {
  readonly records: AwsRecord[] = []
  readonly #client: KinesisClient
  readonly #stream: string
  readonly #shards: Map<string, Progress> = new Map()

  constructor(client: KinesisClient, stream: string) {
    this.#client = client
    this.#stream = stream
  }

  /** Shards that it has read from, or will. */
  get shards(): number {
    return this.#shards.size
  }

  /** Reads everything that is there now. */
  async poll(): Promise<void> {
    if (this.#shards.size === 0) await this.#begin()
    // A map goes on over what is added meanwhile: children are read in the same poll.
    for (const [shardId, progress] of this.#shards) {
      const isReady = progress.parents.every((parent) => this.#shards.get(parent)?.ended !== false)
      if (!progress.ended && isReady) await this.#readShard(shardId, progress)
    }
  }

  async #begin(): Promise<void> {
    const { Shards = [] } = await this.#client.send(new ListShardsCommand({ StreamName: this.#stream }))
    for (const { ShardId = '' } of Shards) this.#add(ShardId, [])
  }

  async #readShard(shardId: string, progress: Progress): Promise<void> {
    const { ShardIterator } = await this.#client.send(
      new GetShardIteratorCommand({
        StreamName: this.#stream,
        ShardId: shardId,
        ...(progress.checkpoint === undefined
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: progress.checkpoint }),
      }),
    )
    for (let iterator = ShardIterator; iterator !== undefined;) {
      const page = await this.#client.send(new GetRecordsCommand({ ShardIterator: iterator }))
      const { Records = [], MillisBehindLatest, NextShardIterator, ChildShards = [] } = page
      this.records.push(...Records)
      progress.checkpoint = Records.at(-1)?.SequenceNumber ?? progress.checkpoint
      progress.ended = NextShardIterator === undefined
      for (const child of ChildShards) this.#addChild(child)
      if (MillisBehindLatest === 0) return
      iterator = NextShardIterator
    }
  }

  #addChild({ ShardId = '', ParentShards = [] }: ChildShard): void {
    this.#add(ShardId, ParentShards)
  }

  /** A shard with two parents is announced by both. */
  #add(shardId: string, parents: readonly string[]): void {
    if (this.#shards.has(shardId)) return
    this.#shards.set(shardId, { checkpoint: undefined, ended: false, parents })
  }
}
