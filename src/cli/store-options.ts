import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { MillraceError } from '../errors.ts'
import { open, type Store } from '../index.ts'
import type { Endpoint } from './endpoint/endpoint.ts'
import { usageError } from './failure.ts'
import { hinted } from './scopes.ts'

/** Options of every command. */
export interface StoreOptions {
  readonly dir: string
  readonly json?: boolean
}

/** Where a command finds its streams: in a folder, or at an endpoint. */
export interface PlaceOptions extends StoreOptions {
  readonly endpoint?: string
  /** Of the streams in a folder. */
  readonly account?: string
  readonly region?: string
}

/** Adds the options of commands that work on an endpoint, too. */
export function withPlaceOptions(command: Command): Command {
  return withStoreOptions(command)
    .option('--endpoint <url>', 'a Kinesis endpoint instead of a folder: an address, or aws for AWS itself')
    .addOption(
      new Option('--account <id>', 'account of the streams in the folder (default: 000000000000)').env(
        'MILLRACE_ACCOUNT',
      ),
    )
    .addOption(
      new Option(
        '--region <name>',
        'region of the streams (default: in a folder us-east-1, at an endpoint as other tools of AWS find it)',
      ).env('MILLRACE_REGION'),
    )
}

/**
 * The endpoint that was asked for; `undefined` if it is a folder. Refuses options that do not go together.
 */
export async function endpointOf(command: Command): Promise<Endpoint | undefined> {
  const { endpoint, region } = command.optsWithGlobals<PlaceOptions>()
  if (endpoint === undefined) return undefined
  if (isSaid(command, 'dir')) throw usageError('--endpoint and --dir exclude each other')
  if (isSaid(command, 'account')) {
    throw usageError('--account is of a folder: at an endpoint the credentials say whose streams are meant')
  }
  const { connect } = await import('./endpoint/connect.ts')
  // The environment speaks of a store, as for `serve`.
  return connect({ endpoint, region: isSaid(command, 'region') ? region : undefined })
}

/** Whether an option is on the command line. */
export function isSaid(command: Command | null, name: string): boolean {
  return command !== null && (command.getOptionValueSource(name) === 'cli' || isSaid(command.parent, name))
}

/** Does the work at the endpoint that was asked for; answers whether one was. */
export async function atEndpoint(
  command: Command,
  work: (endpoint: Endpoint) => Promise<void>,
): Promise<boolean> {
  const endpoint = await endpointOf(command)
  if (endpoint === undefined) return false
  try {
    await work(endpoint)
  } finally {
    endpoint.close()
  }
  return true
}

/** Adds the options that every command has. */
export function withStoreOptions(command: Command): Command {
  return command
    .addOption(new Option('--dir <folder>', 'folder of the store').default('./data').env('MILLRACE_DIR'))
    .option('--json', 'print results as JSON, and errors as JSON on standard error')
}

/** Refuses a folder without a store, so that a typo does not create one. */
export function requireStore(dir: string): void {
  if (existsSync(join(dir, 'format'))) return
  throw new MillraceError(
    'ERR_MILLRACE_NOT_A_STORE',
    `there is no store in ${dir}; name its folder with --dir`,
    {
      details: { path: dir },
    },
  )
}

/**
 * Opens the store for the time of `work`, with the account and region that are asked for. With `readOnly`
 * it may be open for writing elsewhere.
 */
export async function withStore<T>(
  { dir, account, region }: PlaceOptions,
  work: (store: Store) => Promise<T>,
  options: { readonly readOnly?: boolean } = {},
): Promise<T> {
  const store = await open(dir, { ...options, account, region })
  try {
    return await hinted(dir, { account, region }, () => work(store))
  } finally {
    await store.close()
  }
}
