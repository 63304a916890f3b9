import { parsedOptions, UsageError } from '../command-line.ts'
import { flightsFile } from './source.ts'

/** What the demo was asked to do. */
export interface DemoOptions {
  /** Folder of the store. */
  readonly dir: string
  /** Flights of a replay; the whole file if undefined. */
  readonly records: number | undefined
  /** The parquet file. */
  readonly file: string
  /** Forget what earlier runs stored. */
  readonly fresh: boolean
}

export const usage = `Replays three million flights into a store, and reads them back with three consumers at once.

Usage: npm run demo -- [options]

  --records <n>    flights of a replay (default: all of the file, 3,000,000)
  --dir <folder>   folder of the store (default: ./data)
  --file <path>    another parquet file with the columns date, delay, distance, origin and destination
  --fresh          forget what earlier runs stored
  --help           this text

A run that finds a store goes on with it: it finishes an interrupted replay, then replays once more while it reads.
Exit codes: 0 every verdict holds, 1 one does not or the run failed, 2 wrong options, 130 ended by Ctrl-C.
Example: npm run demo -- --records 100000
`

const options = {
  dir: { type: 'string' },
  records: { type: 'string' },
  file: { type: 'string' },
  fresh: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The options, or undefined when help is asked for. Throws `UsageError`. */
export function parseOptions(args: readonly string[]): DemoOptions | undefined {
  const { dir, records, file, fresh, help } = parsedOptions(args, options)
  if (help === true) return undefined
  if (records !== undefined && !/^[1-9]\d{0,8}$/.test(records)) {
    throw new UsageError(`--records must be a whole number from 1 to 999,999,999, not '${records}'`)
  }
  return {
    dir: dir ?? './data',
    records: records === undefined ? undefined : Number(records),
    file: file ?? flightsFile(),
    fresh: fresh === true,
  }
}
