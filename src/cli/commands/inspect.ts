import { Command } from 'commander'
import { MillraceError } from '../../errors.ts'
import { inspectStore } from '../../inspect.ts'
import type { Host } from '../host.ts'
import { describeStore } from '../store-words.ts'
import { type StoreOptions, withStoreOptions } from '../store-options.ts'

/** `millrace inspect`: what lies in a store's folder, in words. */
export function inspectCommand(host: Host): Command {
  return withStoreOptions(new Command('inspect'))
    .summary('show what the files of a store hold')
    .description(
      'Shows the control page, the segments and their indexes of every log of a store. Reads files only: the store ' +
        'may be open elsewhere, or damaged. Exit code 0 also when something is found: verify judges.',
    )
    .option('--stream <name>', 'only the shards of this stream')
    .addHelpText('after', '\nExample:\n  $ millrace inspect --dir ./data --stream clicks')
    .action(async ({ dir, json, stream }: StoreOptions & { readonly stream?: string }) => {
      host.leaveSignals()
      const report = await inspectStore(dir, { everyByte: false })
      if (stream !== undefined && report.streams?.includes(stream) === false) {
        throw new MillraceError('ERR_MILLRACE_STREAM_NOT_FOUND', `there is no stream ${stream} in ${dir}`, {
          details: { stream },
        })
      }
      const logs = report.logs.filter(({ owner }) => stream === undefined || owner?.stream === stream)
      const shown = { ...report, logs }
      await (json ? host.output.json(shown) : host.output.lines(describeStore(shown)))
    })
}
