import { UsageError } from '../command-line.ts'
import { type FirehoseExampleOptions, parseOptions, usage } from './options.ts'
import { runJourney } from './journey.ts'

// The SDK warns of its own plans for versions of Node; that is not what is to be seen here.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
process.exitCode = await main(process.argv.slice(2))

/** Answers the exit code; every error is one line, for a person who wants to know what to do. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const options: FirehoseExampleOptions | undefined = parseOptions(args)
    if (options === undefined) {
      process.stdout.write(usage)
      return 0
    }
    return (await runJourney(options, (line) => process.stdout.write(`${line}\n`))) ? 0 : 1
  } catch (error) {
    const { name, message } = error as Error
    process.stderr.write(
      `firehose: ${name === 'Error' || name === 'UsageError' ? '' : `${name}: `}${message}\n`,
    )
    return error instanceof UsageError ? 2 : 1
  }
}
