import { Command, Option } from 'commander'
import type { StartingPosition } from '../../index.ts'
import { usageError } from '../failure.ts'
import { type Host, noteInterruption } from '../host.ts'
import { type RecordView, recordView, type ViewedBatch } from '../record-view.ts'
import { prose } from '../prose.ts'
import { endpointOf, type PlaceOptions, requireStore, withPlaceOptions, withStore } from '../store-options.ts'
import { moment, shardIdOf, wholeNumber } from '../values.ts'

interface TailOptions extends PlaceOptions {
  readonly from?: 'oldest' | 'latest'
  readonly fromTime?: number
  readonly fromSequence?: string
  readonly shard?: string
  readonly follow?: boolean
  readonly limit?: number
  readonly format: RecordView
}

const description = prose(`
Prints the records of a stream, oldest first in each shard.

Ends at the newest record, unless --follow waits for more. A record's line is its arrival, shard, partition key and data
(text), the data alone (data), or a JSON object (ndjson, the same as --json); data that is not UTF-8 becomes "dataBase64".

Only reads: another process may have the store open and store records in it meanwhile. After a crash of the machine, what was
stored since the last checkpoint of a shard is shown once somebody has stored a record there again.

What an endpoint refuses for now is asked for again; the command fails once it was refused for half a minute.

Exit codes: 0 the end or the limit was reached, or nobody reads the output any more; 1 failed; 2 wrong command line;
130 ended by Ctrl-C.
`)

const examples = `
Examples:
  $ millrace tail clicks --from-time 15m --follow
  $ millrace tail clicks --format data --limit 1000 > sample.ndjson
  $ millrace tail clicks --endpoint aws --region eu-west-1 --from-time 5m`

/** `millrace tail`: a stream's records, as text or JSON. */
export function tailCommand(host: Host): Command {
  return withPlaceOptions(new Command('tail'))
    .summary('print the records of a stream')
    .description(description)
    .argument('<stream>', 'name of the stream')
    .addOption(new Option('--from <position>', 'where to start').choices(['oldest', 'latest']))
    .option(
      '--from-time <time>',
      'start at the first record that arrived then: ISO 8601, milliseconds, or an age (15m)',
      moment,
    )
    .option('--from-sequence <number>', 'start at the record with this sequence number')
    .option('--shard <id>', 'only this shard, such as shardId-000000000000 or 0')
    .option('--follow', 'wait for more records at the end')
    .option('--limit <records>', 'end after this many records', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addOption(
      new Option('--format <format>', 'how a record is printed')
        .choices(['text', 'data', 'ndjson'])
        .default('text'),
    )
    .addHelpText('after', examples)
    .action(async (streamName: string, options: TailOptions, self: Command) => {
      const position = positionOf(options)
      const endpoint = await endpointOf(self)
      if (endpoint === undefined) {
        requireStore(options.dir)
        await withStore(options, (store) => tail(host, store.stream(streamName), position, options), {
          readOnly: true,
        })
      } else {
        await tail(host, endpoint.stream(streamName), position, options).finally(() => endpoint.close())
      }
      noteInterruption(host)
    })
}

function positionOf({ from, fromTime, fromSequence, shard, follow }: TailOptions): StartingPosition {
  if ([from, fromTime, fromSequence].filter((given) => given !== undefined).length > 1) {
    throw usageError('--from, --from-time and --from-sequence exclude each other')
  }
  if (fromTime !== undefined && fromTime > Date.now()) {
    throw usageError('--from-time must not be in the future')
  }
  if (fromTime !== undefined) return { from: 'time', arrivedAtMs: fromTime }
  if (fromSequence !== undefined) {
    if (shard === undefined) throw usageError('--from-sequence names a record of one shard: add --shard')
    return { from: 'sequence', sequence: fromSequence, inclusive: true }
  }
  if (from === 'latest' && follow !== true)
    throw usageError('--from latest shows what is yet to come: add --follow')
  return { from: from ?? 'oldest' }
}

/** What is read of whatever has the stream. */
interface Tailed {
  readBatches(
    options: StartingPosition & {
      readonly shardId?: string
      readonly until?: 'tail'
      readonly signal: AbortSignal
    },
  ): AsyncIterable<ViewedBatch>
}

async function tail(
  host: Host,
  stream: Tailed,
  position: StartingPosition,
  { shard, follow, limit = Number.POSITIVE_INFINITY, format, json }: TailOptions,
): Promise<void> {
  const view = recordView(json ? 'ndjson' : format)
  const batches = stream.readBatches({
    ...position,
    ...(shard === undefined ? {} : { shardId: shardIdOf(shard) }),
    ...(follow ? {} : { until: 'tail' }),
    signal: host.signal,
  })
  let left = limit
  const following = follow === true ? keepAlive() : undefined
  try {
    for await (const batch of batches) {
      const wanted = Math.min(left, batch.length)
      await host.output.write(printed(batch, wanted, view))
      left -= wanted
      if (left === 0 || host.signal.aborted) return
    }
  } catch (error) {
    if (!host.signal.aborted) throw error
  } finally {
    clearInterval(following)
  }
}

/** Waiting for records does not keep a process alive; whoever follows a stream wants that. */
function keepAlive(): NodeJS.Timeout {
  return setInterval(() => {}, 2_147_483_647)
}

function printed(batch: ViewedBatch, wanted: number, view: ReturnType<typeof recordView>): Buffer {
  return Buffer.concat(Array.from({ length: wanted }, (_, index) => view(batch, index)).flat())
}
