import { open } from 'millrace'
import { UsageError } from '../command-line.ts'
import { Demo } from './demo.ts'
import { Interrupted } from './interrupted.ts'
import { type DemoOptions, parseOptions, usage } from './options.ts'
import { FlightSource } from './source.ts'

process.exitCode = await main(process.argv.slice(2))

/** Answers the exit code; every error is one line, for a person who wants to know what to do. */
async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args)
    if (options === undefined) {
      process.stdout.write(usage)
      return 0
    }
    return await run(options)
  } catch (error) {
    if (error instanceof Interrupted) return 130
    const { code, message } = error as { readonly code?: string; readonly message: string }
    process.stderr.write(`demo: ${code === undefined ? '' : `${code}: `}${message}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

async function run(options: DemoOptions): Promise<number> {
  const stop = new AbortController()
  // Nobody reads any more, as behind `| head`: there is no reason to go on.
  process.stdout.on('error', () => stop.abort(new Interrupted()))
  process.stderr.on('error', () => stop.abort(new Interrupted()))
  // The first Ctrl-C lets the batch in flight be acknowledged and reported; the second one ends the process at once.
  process.once('SIGINT', () => stop.abort(new Interrupted()))
  const source = await FlightSource.open(options.file)
  if (options.records !== undefined && options.records > source.rows) {
    throw new UsageError(`--records ${options.records}: ${options.file} has ${source.rows} flights`)
  }
  const store = await open(options.dir)
  try {
    const demo = await Demo.start(store, source, options, stop.signal)
    return (await demo.run()) ? 0 : 1
  } finally {
    await store.close()
  }
}
