import { Command } from 'commander'
import type { ShardDescription, Stream } from '../../index.ts'
import { counted } from '../figures.ts'
import type { Host } from '../host.ts'
import { requireStore, type StoreOptions, withStore } from '../store-options.ts'
import { wholeNumber } from '../values.ts'

/** `millrace streams split`: a shard in two. */
export function splitCommand(host: Host): Command {
  return new Command('split')
    .description('Splits a shard in two. Its records stay readable, and come before those of the two.')
    .argument('<name>', 'name of the stream')
    .argument('<shard>', 'id of an open shard')
    .option('--at <hash key>', 'where the upper one begins: a decimal number (default: the middle)')
    .addHelpText('after', '\nExample:\n  $ millrace streams split clicks shardId-000000000000')
    .action(async (name: string, shardId: string, _options: unknown, command: Command) => {
      const { at } = command.opts<{ readonly at?: string }>()
      await resharded(host, command, name, async (stream) => {
        const children = await stream.splitShard(shardId, at ?? middleOf(stream, shardId))
        return { children, said: `split ${shardId} of ${name}` }
      })
    })
}

/** `millrace streams merge`: two neighbours in one. */
export function mergeCommand(host: Host): Command {
  return new Command('merge')
    .description('Merges two shards whose hash keys are neighbours in one. The lower one is named first.')
    .argument('<name>', 'name of the stream')
    .argument('<lower>', 'id of an open shard')
    .argument('<upper>', 'id of the open shard whose hash keys follow')
    .addHelpText(
      'after',
      '\nExample:\n  $ millrace streams merge clicks shardId-000000000001 shardId-000000000002',
    )
    .action(async (name: string, lower: string, upper: string, _options: unknown, command: Command) => {
      await resharded(host, command, name, async (stream) => {
        const child = await stream.mergeShards(lower, upper)
        return { children: [child], said: `merged ${lower} and ${upper} of ${name}` }
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
      await resharded(host, command, name, async (stream) => {
        const children = await stream.updateShardCount(shards)
        return { children, said: `scaled ${name} to ${counted(shards, 'shard')}` }
      })
    })
}

interface Resharded {
  /** What is open now. */
  readonly children: readonly ShardDescription[]
  readonly said: string
}

async function resharded(
  host: Host,
  command: Command,
  name: string,
  reshard: (stream: Stream) => Promise<Resharded>,
): Promise<void> {
  const { dir, json } = command.optsWithGlobals<StoreOptions>()
  requireStore(dir)
  await withStore(dir, async (store) => {
    const { children, said } = await reshard(store.stream(name))
    if (json) return host.output.json(children)
    return host.output.lines([`${said}: ${children.map(({ shardId }) => shardId).join(', ')}`])
  })
}

/** What is no shard of the stream, or has no middle, the split refuses by name. */
function middleOf(stream: Stream, shardId: string): string {
  const shard = stream.shards().find((candidate) => candidate.shardId === shardId)
  if (shard === undefined) return '0'
  return ((BigInt(shard.startingHashKey) + BigInt(shard.endingHashKey) + 1n) / 2n).toString()
}
