import { Command, Option } from 'commander'
import type { StartingPosition } from '../../index.ts'
import { usageError } from '../failure.ts'
import type { Host } from '../host.ts'
import { prose } from '../prose.ts'
import { type RecordBody, recordBodyViews, recordPage } from '../record-page.ts'
import { envelope, type ViewedBatch } from '../record-view.ts'
import { endpointOf, type PlaceOptions, requireStore, withPlaceOptions, withStore } from '../store-options.ts'
import { moment, shardIdOf, wholeNumber } from '../values.ts'

interface PeekOptions extends PlaceOptions {
  readonly shard: string
  readonly from?: 'oldest'
  readonly fromTime?: number
  readonly fromSequence?: string
  readonly limit: number
  readonly format: RecordBody
}

/** Whatever has the stream. */
interface Peeked {
  readBatches(
    options: StartingPosition & {
      readonly shardId: string
      readonly until: 'tail'
      readonly signal: AbortSignal
    },
  ): AsyncIterable<ViewedBatch>
}

const description = prose(`
Shows records of one shard, one below the other: where each lies, its partition key, and what is in it.

What is JSON is shown as such, what is text as text, anything else as a dump of bytes; --format makes it one of them for all.
Only reads.
`)

const examples = `
Examples:
  $ millrace peek clicks --shard 0
  $ millrace peek clicks --shard 2 --from-sequence 49680649335502930374476600918541812745452307801498976258 --limit 1
  $ millrace peek clicks --endpoint http://127.0.0.1:4567 --from-time 5m --format hex`

/** `millrace peek`: the records at a position of a shard, looked at closely. */
export function peekCommand(host: Host): Command {
  return withPlaceOptions(new Command('peek'))
    .summary('look at records of a shard')
    .description(description)
    .argument('<stream>', 'name of the stream')
    .option('--shard <id>', 'the shard, such as shardId-000000000000 or 0', '0')
    .addOption(new Option('--from <position>', 'where to start: the default').choices(['oldest']))
    .option(
      '--from-time <time>',
      'start at the first record that arrived then: ISO 8601, milliseconds, or an age (15m)',
      moment,
    )
    .option('--from-sequence <number>', 'start at the record with this sequence number')
    .option('--limit <records>', 'so many records at most', wholeNumber(1, 10_000), 10)
    .addOption(new Option('--format <format>', 'how data is shown').choices(recordBodyViews).default('auto'))
    .addHelpText('after', examples)
    .action(async (streamName: string, options: PeekOptions, self: Command) => {
      const position = positionOf(options)
      const endpoint = await endpointOf(self)
      if (endpoint !== undefined) {
        await peek(host, endpoint.stream(streamName), position, options).finally(() => endpoint.close())
        return
      }
      requireStore(options.dir)
      await withStore(options, (store) => peek(host, store.stream(streamName), position, options), {
        readOnly: true,
      })
    })
}

function positionOf({ from, fromTime, fromSequence }: PeekOptions): StartingPosition {
  if ([from, fromTime, fromSequence].filter((given) => given !== undefined).length > 1) {
    throw usageError('--from, --from-time and --from-sequence exclude each other')
  }
  if (fromTime !== undefined) return { from: 'time', arrivedAtMs: fromTime }
  if (fromSequence !== undefined) return { from: 'sequence', sequence: fromSequence, inclusive: true }
  return { from: 'oldest' }
}

async function peek(
  host: Host,
  stream: Peeked,
  position: StartingPosition,
  { shard, limit, format, json }: PeekOptions,
): Promise<void> {
  const batches = stream.readBatches({
    ...position,
    shardId: shardIdOf(shard),
    until: 'tail',
    signal: host.signal,
  })
  const shown: unknown[] = []
  let left = limit
  for await (const batch of batches) {
    for (let index = 0; index < batch.length && left > 0; index++) {
      left -= 1
      if (json) shown.push(envelope(batch, index))
      else await host.output.lines(recordPage(batch, index, format))
    }
    if (left === 0) break
  }
  if (json) await host.output.json(shown)
  else if (left === limit) await host.output.lines([`nothing is stored there in ${shardIdOf(shard)}`])
}
