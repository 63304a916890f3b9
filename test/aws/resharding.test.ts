import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordsCommand,
  type Shard,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bytesOf, openRig, textOf } from './rig.ts'

const StreamName = 's'

type Step =
  | { readonly act: 'put'; readonly records: number }
  | { readonly act: 'split' | 'merge'; readonly at: number }

const steps = fc.array(
  fc.oneof(
    fc.record({ act: fc.constant('put' as const), records: fc.integer({ min: 1, max: 20 }) }),
    fc.record({ act: fc.constantFrom('split' as const, 'merge' as const), at: fc.nat({ max: 7 }) }),
  ),
  { maxLength: 14 },
)

async function openShards(client: KinesisClient): Promise<readonly Shard[]> {
  const { Shards = [] } = await client.send(
    new ListShardsCommand({ StreamName, ShardFilter: { Type: 'AT_LATEST' } }),
  )
  return Shards.toSorted((a, b) => (start(a) < start(b) ? -1 : 1))
}

const start = ({ HashKeyRange }: Shard): bigint => BigInt(HashKeyRange?.StartingHashKey ?? 0)
const end = ({ HashKeyRange }: Shard): bigint => BigInt(HashKeyRange?.EndingHashKey ?? 0)

async function reshard(client: KinesisClient, step: Exclude<Step, { act: 'put' }>): Promise<void> {
  const shards = await openShards(client)
  const shard = shards[step.at % shards.length] as Shard
  if (step.act === 'split') {
    const NewStartingHashKey = String((start(shard) + end(shard)) / 2n)
    if (shards.length < 8) {
      await client.send(
        new SplitShardCommand({ StreamName, ShardToSplit: shard.ShardId, NewStartingHashKey }),
      )
    }
    return
  }
  const upper = shards[(step.at % shards.length) + 1]
  if (upper === undefined) return
  await client.send(
    new MergeShardsCommand({
      StreamName,
      ShardToMerge: shard.ShardId,
      AdjacentShardToMerge: upper.ShardId,
    }),
  )
}

/** Reads as AWS tells consumers to: a shard when all its parents were read to their end, by `ChildShards`. */
async function readAll(client: KinesisClient): Promise<readonly string[]> {
  const { Shards = [] } = await client.send(
    new ListShardsCommand({ StreamName, ShardFilter: { Type: 'AT_TRIM_HORIZON' } }),
  )
  const waiting = Shards.map(({ ShardId }) => ShardId)
  const begun = new Set(waiting)
  const ended = new Set<string | undefined>()
  const texts: string[] = []
  for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) {
    const children = await readShard(client, shard, texts)
    ended.add(shard)
    for (const { ShardId, ParentShards = [] } of children) {
      if (begun.has(ShardId) || !ParentShards.every((parent) => ended.has(parent))) continue
      begun.add(ShardId)
      waiting.push(ShardId)
    }
  }
  return texts
}

async function readShard(client: KinesisClient, ShardId: string, texts: string[]) {
  let { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
  )
  for (;;) {
    const page = await client.send(new GetRecordsCommand({ ShardIterator, Limit: 7 }))
    texts.push(...(page.Records ?? []).map(({ Data, PartitionKey }) => `${PartitionKey} ${textOf(Data)}`))
    if (page.NextShardIterator === undefined) return page.ChildShards ?? []
    if (page.Records?.length === 0) return []
    ShardIterator = page.NextShardIterator
  }
}

it('[G] reading: parents before children finds every record once, and those of a key in their order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const { client } = await openRig()
      await client.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
      const put: string[] = []
      for (const step of script) {
        if (step.act !== 'put') {
          await reshard(client, step)
          continue
        }
        const Records = Array.from({ length: step.records }, (_, index) => {
          const PartitionKey = `key-${index % 5}`
          put.push(`${PartitionKey} ${put.length}`)
          return { PartitionKey, Data: bytesOf(String(put.length - 1)) }
        })
        await client.send(new PutRecordsCommand({ StreamName, Records }))
      }
      const read = await readAll(client)
      expect(read.toSorted()).toEqual(put.toSorted())
      for (let key = 0; key < 5; key++) {
        const ofKey = (text: string): boolean => text.startsWith(`key-${key} `)
        expect(read.filter(ofKey)).toEqual(put.filter(ofKey))
      }
    }),
    { numRuns: 40 },
  )
}, 60_000)
