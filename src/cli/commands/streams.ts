import { Command } from 'commander'
import type { Store, Stream } from '../../index.ts'
import { deliveryStreamsIn } from '../../inspect.ts'
import * as endpointWords from '../endpoint/endpoint-words.ts'
import { usageError } from '../failure.ts'
import { bytes, count, counted, hours, time } from '../figures.ts'
import type { Host } from '../host.ts'
import { elsewhere } from '../scopes.ts'
import { atEndpoint, type PlaceOptions, requireStore, withPlaceOptions, withStore } from '../store-options.ts'
import { deliveryTable } from '../store-words.ts'
import { table } from '../table.ts'
import { wholeNumber } from '../values.ts'
import { mergeCommand, scaleCommand, splitCommand } from './reshard.ts'

interface CreateOptions extends PlaceOptions {
  readonly shards: number
  readonly retentionHours: number
  readonly maxRecordKib: number
}

const commands = [createCommand, describeCommand, splitCommand, mergeCommand, scaleCommand, deleteCommand]

/** `millrace streams`: which streams there are; creates, describes and deletes them. */
export function streamsCommand(host: Host): Command {
  const streams = withPlaceOptions(new Command('streams'))
    .summary('list, create, describe, reshard and delete streams')
    .description(
      'Lists the streams of a store, and below them its delivery streams; its commands create, describe, reshard and delete streams. ' +
        'Listing and describing only read.',
    )
    .argument('[command]')
    .usage('[options] [command]')
    .addHelpText(
      'after',
      '\nExamples:\n  $ millrace streams --dir ./data\n  $ millrace streams --endpoint http://127.0.0.1:4567',
    )
    .action(async (unknown: string | undefined, options: PlaceOptions, self: Command) => {
      if (unknown !== undefined) throw usageError(`unknown command 'streams ${unknown}'`)
      const done = await atEndpoint(self, async (endpoint) => {
        const found = await endpoint.list()
        await (options.json
          ? host.output.json(found)
          : host.output.lines(endpointWords.listed(found, endpoint.place)))
      })
      if (!done) await list(host, options)
    })
  // The options of `streams` are its commands' too, before and after their names; there they are found
  // globally.
  for (const create of commands) {
    streams.addCommand(withPlaceOptions(create(host)))
  }
  return streams
}

function createCommand(host: Host): Command {
  return new Command('create')
    .description('Creates a stream, and the store if its folder has none.')
    .argument('<name>', '1 to 128 letters, digits, dots, dashes and underscores')
    .option('--shards <count>', 'shards of the stream', wholeNumber(1, 10_000), 1)
    .option('--retention-hours <hours>', 'how long records are kept', wholeNumber(24, 8760), 24)
    .option(
      '--max-record-kib <size>',
      'partition key and data of a record, at most',
      wholeNumber(1024, 10_240),
      1024,
    )
    .addHelpText('after', '\nExample:\n  $ millrace streams create clicks --shards 4 --retention-hours 48')
    .action(async (name: string, _options: unknown, command: Command) => {
      const place = command.optsWithGlobals<CreateOptions>()
      const { json, shards, retentionHours, maxRecordKib } = place
      const kept = `${counted(shards, 'shard')}, records are kept for ${hours(retentionHours)}`
      const done = await atEndpoint(command, async (endpoint) => {
        const stream = await endpoint.create(name, { shards, retentionHours, maxRecordKib })
        await (json ? host.output.json(stream) : host.output.lines([`created ${name}: ${kept}`]))
      })
      if (done) return
      await withStore(place, async (store) => {
        const options = { shards, retentionHours, maxRecordBytes: maxRecordKib * 1024 }
        const stream = await store.createStream(name, options)
        if (json) await host.output.json(stream.describe())
        else {
          await host.output.lines([`created ${name}: ${kept}`])
        }
      })
    })
}

function deleteCommand(host: Host): Command {
  return new Command('delete')
    .description('Deletes a stream with all of its records.')
    .argument('<name>', 'name of the stream')
    .addHelpText('after', '\nExample:\n  $ millrace streams delete clicks')
    .action(async (name: string, _options: unknown, command: Command) => {
      const place = command.optsWithGlobals<PlaceOptions>()
      const { dir, json } = place
      const said = (): Promise<void> =>
        json ? host.output.json({ deleted: name }) : host.output.lines([`deleted ${name}`])
      const done = await atEndpoint(command, async (endpoint) => {
        await endpoint.remove(name)
        await said()
      })
      if (done) return
      requireStore(dir)
      await withStore(place, async (store) => {
        await store.deleteStream(name)
        await said()
      })
    })
}

function describeCommand(host: Host): Command {
  return new Command('describe')
    .description(
      'Shows the shards of a stream and what they hold. Only reads: the store may be open elsewhere.',
    )
    .argument('<name>', 'name of the stream')
    .addHelpText('after', '\nExample:\n  $ millrace streams describe clicks --json')
    .action(async (name: string, _options: unknown, command: Command) => {
      const place = command.optsWithGlobals<PlaceOptions>()
      const { dir, json } = place
      const done = await atEndpoint(command, async (endpoint) => {
        const [stream, shards] = [await endpoint.describe(name), await endpoint.stream(name).shards()]
        await (json
          ? host.output.json({ ...stream, Shards: shards })
          : host.output.lines(endpointWords.described(stream, shards)))
      })
      if (done) return
      requireStore(dir)
      const describe = async (store: Store): Promise<void> => {
        const stream = store.stream(name)
        await (json ? host.output.json(await facts(stream)) : host.output.lines(await inWords(stream)))
      }
      await withStore(place, describe, { readOnly: true })
    })
}

async function list(host: Host, place: PlaceOptions): Promise<void> {
  requireStore(place.dir)
  await withStore(place, (store) => listed(host, store, place), { readOnly: true })
}

async function listed(host: Host, store: Store, place: PlaceOptions): Promise<void> {
  const streams = await Promise.all(
    store.listStreams().map(async (description) => {
      const { recordsMax, bytes: stored, fileBytes } = await store.stream(description.name).stats()
      return Object.assign(description, { recordsMax, bytes: stored, fileBytes })
    }),
  )
  if (place.json) return host.output.json(streams)
  const { account, region } = store.account
  const deliveries = deliveryTable(
    (await deliveryStreamsIn(place.dir)).filter((each) => each.account === account && each.region === region),
  )
  const below = deliveries.length === 0 ? [] : ['', ...deliveries]
  if (streams.length === 0) {
    const places = (await elsewhere(place.dir, place)).map((where) => `; ${where}`)
    return host.output.lines([`no streams in ${place.dir}${places.join('')}`, ...below])
  }
  const rows = streams.map(({ name, shardCount, retentionHours, recordsMax, bytes: stored, fileBytes }) => [
    name,
    count(shardCount),
    hours(retentionHours),
    count(recordsMax),
    bytes(stored),
    bytes(fileBytes),
  ])
  const header = ['stream', 'shards', 'retention', 'records', 'stored', 'files']
  const lines = table(header, ['left', 'right', 'right', 'right', 'right', 'right'], rows)
  return host.output.lines([...lines, ...below])
}

/** All that is known of a stream, shard by shard. */
async function facts(stream: Stream): Promise<Record<string, unknown>> {
  const { shards: held, ...sums } = await stream.stats()
  const byId = new Map(held.map((shard) => [shard.shardId, shard]))
  const shards = stream.shards().map((shard) => Object.assign(shard, byId.get(shard.shardId)))
  return { ...stream.describe(), ...sums, shards }
}

async function inWords(stream: Stream): Promise<string[]> {
  const { name, arn, createdAtMs, retentionHours, maxRecordBytes } = stream.describe()
  const { shards, recordsMax, bytes: stored } = await stream.stats()
  const rows = shards.map((shard) => [
    shard.shardId,
    count(shard.recordsMax),
    bytes(shard.bytes),
    count(shard.segments),
    shard.oldestArrivedAtMs === undefined ? '' : time(shard.oldestArrivedAtMs),
    shard.newestArrivedAtMs === undefined ? '' : time(shard.newestArrivedAtMs),
    shard.sealed ? 'ended' : 'open',
  ])
  const header = ['shard', 'records', 'stored', 'segments', 'oldest', 'newest', 'state']
  return [
    `${name}  ${arn}`,
    `created ${time(createdAtMs)}, records are kept for ${hours(retentionHours)}, each up to ${bytes(maxRecordBytes)}`,
    `${counted(recordsMax, 'record')}, ${bytes(stored)}`,
    '',
    ...table(header, ['left', 'right', 'right', 'right', 'left', 'left', 'left'], rows),
  ]
}
