import type { Shard } from '@aws-sdk/client-kinesis'
import { Command } from 'commander'
import type { ShardDescription, Stream } from '../../index.ts'
import { counted } from '../figures.ts'
import type { Host } from '../host.ts'
import type { Endpoint } from '../endpoint/endpoint.ts'
import { atEndpoint, type PlaceOptions, requireStore, withStore } from '../store-options.ts'
import { shardIdOf, wholeNumber } from '../values.ts'

/** `millrace streams split`: a shard in two. */
export function splitCommand(host: Host): Command {
  return new Command('split')
    .description('Splits a shard in two. Its records stay readable, and come before those of the two.')
    .argument('<name>', 'name of the stream')
    .argument('<shard>', 'id of an open shard, such as shardId-000000000000 or 0')
    .option('--at <hash key>', 'where the upper one begins: a decimal number (default: the middle)')
    .addHelpText('after', '\nExample:\n  $ millrace streams split clicks 0')
    .action(async (name: string, shard: string, _options: unknown, command: Command) => {
      const shardId = shardIdOf(shard)
      const { at } = command.opts<{ readonly at?: string }>()
      await resharded(host, command, name, {
        said: `split ${shardId} of ${name}`,
        inFolder: (stream) => stream.splitShard(shardId, at ?? middleOf(stream.shards(), shardId)),
        atEndpoint: async (endpoint) =>
          endpoint.split(
            name,
            shardId,
            at ?? middleOf(ranges(await endpoint.stream(name).shards()), shardId),
          ),
      })
    })
}

/** `millrace streams merge`: two neighbours in one. */
export function mergeCommand(host: Host): Command {
  return new Command('merge')
    .description('Merges two shards whose hash keys are neighbours in one. The lower one is named first.')
    .argument('<name>', 'name of the stream')
    .argument('<lower>', 'id of an open shard, such as shardId-000000000001 or 1')
    .argument('<upper>', 'id of the open shard whose hash keys follow')
    .addHelpText('after', '\nExample:\n  $ millrace streams merge clicks 1 2')
    .action(async (name: string, one: string, other: string, _options: unknown, command: Command) => {
      const [lower, upper] = [shardIdOf(one), shardIdOf(other)]
      await resharded(host, command, name, {
        said: `merged ${lower} and ${upper} of ${name}`,
        inFolder: async (stream) => [await stream.mergeShards(lower, upper)],
        atEndpoint: (endpoint) => endpoint.merge(name, lower, upper),
      })
    })
}

/** `millrace streams scale`: another number of open shards. */
export function scaleCommand(host: Host): Command {
  return new Command('scale')
    .description(
      'Changes the number of open shards, at most to twice and at least to half of it, ten times in any 24 hours.',
    )
    .argument('<name>', 'name of the stream')
    .argument('<shards>', 'open shards that there are to be', wholeNumber(1, 10_000))
    .addHelpText('after', '\nExample:\n  $ millrace streams scale clicks 8')
    .action(async (name: string, shards: number, _options: unknown, command: Command) => {
      await resharded(host, command, name, {
        said: `scaled ${name} to ${counted(shards, 'shard')}`,
        inFolder: (stream) => stream.updateShardCount(shards),
        atEndpoint: (endpoint) => endpoint.scale(name, shards),
      })
    })
}

/** One change of shards, wherever the stream is. Each way answers what is open now. */
interface Reshard {
  readonly said: string
  inFolder(stream: Stream): Promise<readonly ShardDescription[]>
  atEndpoint(endpoint: Endpoint): Promise<readonly Shard[]>
}

async function resharded(host: Host, command: Command, name: string, reshard: Reshard): Promise<void> {
  const place = command.optsWithGlobals<PlaceOptions>()
  const { dir, json } = place
  const report = (children: readonly unknown[], ids: readonly (string | undefined)[]): Promise<void> =>
    json ? host.output.json(children) : host.output.lines([`${reshard.said}: ${ids.join(', ')}`])
  const done = await atEndpoint(command, async (endpoint) => {
    const children = await reshard.atEndpoint(endpoint)
    await report(
      children,
      children.map(({ ShardId }) => ShardId),
    )
  })
  if (done) return
  requireStore(dir)
  await withStore(place, async (store) => {
    const children = await reshard.inFolder(store.stream(name))
    await report(
      children,
      children.map(({ shardId }) => shardId),
    )
  })
}

/** What a shard has of all hash keys. */
interface HashKeys {
  readonly shardId: string
  readonly startingHashKey: string
  readonly endingHashKey: string
}

function ranges(shards: readonly Shard[]): readonly HashKeys[] {
  return shards.map(({ ShardId = '', HashKeyRange }) => ({
    shardId: ShardId,
    startingHashKey: HashKeyRange?.StartingHashKey ?? '0',
    endingHashKey: HashKeyRange?.EndingHashKey ?? '0',
  }))
}

/** What is no shard of the stream, or has no middle, the split refuses by name. */
function middleOf(shards: readonly HashKeys[], shardId: string): string {
  const shard = shards.find((candidate) => candidate.shardId === shardId)
  if (shard === undefined) return '0'
  return ((BigInt(shard.startingHashKey) + BigInt(shard.endingHashKey) + 1n) / 2n).toString()
}
