import { createReadStream } from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import { Command, Option } from 'commander'
import { usageError } from '../failure.ts'
import { bytes, count, counted, duration, perSecond } from '../figures.ts'
import { type Host, noteInterruption } from '../host.ts'
import { type Feed, feedStream } from '../feed.ts'
import { prose } from '../prose.ts'
import { showProgress } from '../progress.ts'
import { type RecordFormat, recordMaker } from '../record-format.ts'
import { endpointOf, type PlaceOptions, requireStore, withPlaceOptions, withStore } from '../store-options.ts'
import type { RecordSink } from '../record-sink.ts'

interface PutCommandOptions extends PlaceOptions {
  readonly format: RecordFormat
  readonly key?: string
  readonly keyField?: string
  readonly skipBad?: boolean
}

const description = prose(`
Stores each line of a file, or of standard input, as one record.

The partition key of a record is --key, or the value of --key-field in its JSON (dots lead into objects), or else the
number of its line, which spreads records over all shards. Blank lines of ndjson are passed over. A line that cannot be
stored stops the command and is named by its number; every line before it is stored, and no line after it.
--skip-bad counts such lines and goes on.

What an endpoint refuses for now is put again; the command fails once nothing was taken for half a minute.

Exit codes: 0 every line stored (or skipped as asked), 1 stopped at a bad line or by an error, 2 wrong command line,
130 stopped by Ctrl-C. What is reported as stored is stored, whatever the exit code.
`)

const examples = `
Examples:
  $ millrace put clicks events.ndjson --format ndjson --key-field user.id
  $ journalctl -f | millrace put logs --key web-1
  $ millrace put clicks events.txt --endpoint http://127.0.0.1:4567`

/** `millrace put`: records from a file or a pipe. */
export function putCommand(host: Host): Command {
  return withPlaceOptions(new Command('put'))
    .summary('store the lines of a file or of standard input')
    .description(description)
    .argument('<stream>', 'name of the stream')
    .argument('[file]', 'file to read; standard input if left out, or -')
    .addOption(
      new Option('--format <format>', 'what a line is').choices(['lines', 'ndjson']).default('lines'),
    )
    .option('--key <key>', 'partition key of every record')
    .option('--key-field <path>', 'field with the partition key, such as user.id (ndjson)')
    .option('--skip-bad', 'count lines that cannot be stored, and go on')
    .addHelpText('after', examples)
    .action(
      async (streamName: string, file: string | undefined, options: PutCommandOptions, self: Command) => {
        const makeRecord = recordMaker(checkedKeys(options))
        const endpoint = await endpointOf(self)
        if (endpoint === undefined) requireStore(options.dir)
        const source = await openSource(file, host)
        const progress = showProgress(host.stderr, source.bytes)
        const startedAt = performance.now()
        let feed: Feed
        try {
          const into = (sink: RecordSink): Promise<Feed> =>
            feedStream(sink, source.chunks, makeRecord, {
              skipBad: options.skipBad === true,
              signal: host.signal,
              onStored: ({ records, recordBytes, sourceBytes }) =>
                progress.update(records, recordBytes, sourceBytes),
            })
          feed =
            endpoint === undefined
              ? await withStore(options, async (store) => into(store.stream(streamName)))
              : await into(endpoint.stream(streamName, host.signal))
        } finally {
          endpoint?.close()
          progress.stop()
          source.chunks.destroy()
        }
        await report(host, options, streamName, feed, Math.round(performance.now() - startedAt))
      },
    )
}

function checkedKeys({ format, key, keyField }: PutCommandOptions): Parameters<typeof recordMaker>[0] {
  if (key !== undefined && keyField !== undefined)
    throw usageError('--key and --key-field exclude each other')
  if (keyField !== undefined && format !== 'ndjson') throw usageError('--key-field needs --format ndjson')
  return { format, key, keyField }
}

/** The bytes to read, and how many there are if that is known. */
async function openSource(
  file: string | undefined,
  host: Host,
): Promise<{ readonly chunks: Readable; readonly bytes: number | undefined }> {
  if (file === undefined || file === '-') {
    return { chunks: addAbortSignal(host.signal, host.stdin), bytes: undefined }
  }
  const handle = await openFile(file)
  const stat = await handle.stat()
  const chunks = createReadStream(file, { fd: handle, highWaterMark: 256 * 1024, signal: host.signal })
  return { chunks, bytes: stat.isFile() ? stat.size : undefined }
}

async function report(
  host: Host,
  { json, skipBad }: PutCommandOptions,
  stream: string,
  feed: Feed,
  tookMs: number,
): Promise<void> {
  const { records, recordBytes, lines, bad, firstBad } = feed
  const rate = perSecond(records, tookMs)
  if (json) {
    await host.output.json({
      stream,
      records,
      bytes: recordBytes,
      lines,
      bad,
      firstBad,
      tookMs,
      recordsPerSecond: rate,
    })
  } else {
    await host.output.lines([
      `stored ${counted(records, 'record')}, ${bytes(recordBytes)}, in ${duration(tookMs)} (${count(rate)} records/s)`,
      ...(skipBad === true && firstBad !== null
        ? [
            `skipped ${counted(bad, 'bad line')}, the first is line ${count(firstBad.line)}: ${firstBad.reason}`,
          ]
        : []),
    ])
  }
  if (feed.stopped !== null) throw feed.stopped
  noteInterruption(host)
}
