import { parsedOptions, UsageError } from '../command-line.ts'

/** What the example was asked to do. */
export interface FirehoseExampleOptions {
  /** Flights that are sent. */
  readonly records: number
  /** How often the server is killed on the way. */
  readonly kills: number
  /** Flights of so many airports, the busiest ones; as many as stay within 500 partitions if undefined. */
  readonly airports: number | undefined
  /** The bucket is a folder instead of one on an S3 endpoint. */
  readonly folder: boolean
  /** Everything is kept in this folder; in one that goes again if undefined. */
  readonly dir: string | undefined
}

export const usage = `Sends flights into a stream, has a delivery stream carry them to Parquet objects by airport and day, and counts
them with DuckDB.

Usage: npm run example:firehose -- [options]

  --records <n>    flights to send (default: 100,000)
  --kills <n>      how often the server is killed on the way, as by kill -9 (default: 0)
  --airports <n>   flights of the n busiest airports (default: as many as stay within 500 partitions); beyond 500
                   partitions, flights may go to the error output, where they are counted, too
  --folder         the bucket is a folder, and not one on an S3 endpoint (s3rver, in this process)
  --dir <folder>   keep store and objects in this folder, which must not be there yet
  --help           this text

Exit codes: 0 every verdict holds, 1 one does not or the run failed, 2 wrong options.
Example: npm run example:firehose -- --records 20000 --kills 2
`

const options = {
  records: { type: 'string' },
  kills: { type: 'string' },
  airports: { type: 'string' },
  folder: { type: 'boolean' },
  dir: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The options, or undefined when help is asked for. Throws `UsageError`. */
export function parseOptions(args: readonly string[]): FirehoseExampleOptions | undefined {
  const { records, kills, airports, folder, dir, help } = parsedOptions(args, options)
  if (help === true) return undefined
  return {
    records: whole('records', records, 1, 3_000_000) ?? 100_000,
    kills: whole('kills', kills, 0, 100) ?? 0,
    airports: whole('airports', airports, 1, 1000),
    folder: folder === true,
    dir,
  }
}

function whole(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not '${text}'`)
}
