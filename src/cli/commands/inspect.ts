import { Command } from 'commander'
import { MillraceError } from '../../errors.ts'
import { inspectStore } from '../../inspect.ts'
import type { Host } from '../host.ts'
import { describeStore } from '../store-words.ts'
import { inspectEndpoint, inWords } from '../endpoint/inspection.ts'
import { atEndpoint, isSaid, type PlaceOptions, withPlaceOptions } from '../store-options.ts'

/** `millrace inspect`: what lies in a store's folder, in words. */
export function inspectCommand(host: Host): Command {
  return withPlaceOptions(new Command('inspect'))
    .summary('show what the files of a store hold')
    .description(
      'Shows the delivery streams, and the control page, the segments and their indexes of every log of a store. Reads files only: the store ' +
        'may be open elsewhere, or damaged. Exit code 0 also when something is found: verify judges. At an endpoint, which has ' +
        'no files to show, its streams with their shards and consumers.',
    )
    .option('--stream <name>', 'only the shards of this stream')
    .addHelpText('after', '\nExample:\n  $ millrace inspect --dir ./data --stream clicks')
    .action(async (options: PlaceOptions & { readonly stream?: string }, self: Command) => {
      const { dir, json, stream } = options
      host.leaveSignals()
      const done = await atEndpoint(self, async (endpoint) => {
        const found = await inspectEndpoint(endpoint, stream)
        await (json ? host.output.json(found) : host.output.lines(inWords(found)))
      })
      if (done) return
      const report = await inspectStore(dir, { everyByte: false })
      if (stream !== undefined && report.streams?.includes(stream) === false) {
        throw new MillraceError('ERR_MILLRACE_STREAM_NOT_FOUND', `there is no stream ${stream} in ${dir}`, {
          details: { stream },
        })
      }
      // Unlike the other commands this one shows all accounts and regions, unless it is told one.
      const asked = (['stream', 'account', 'region'] as const).filter((name) => isSaid(self, name))
      const logs = report.logs.filter(({ owner }) => asked.every((name) => owner?.[name] === options[name]))
      const place = asked.filter((name) => name !== 'stream')
      const deliveryStreams =
        stream === undefined
          ? report.deliveryStreams?.filter((each) => place.every((name) => each[name] === options[name]))
          : []
      const shown = { ...report, deliveryStreams: deliveryStreams ?? null, logs }
      await (json ? host.output.json(shown) : host.output.lines(describeStore(shown)))
    })
}
