import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { MillraceError } from '../errors.ts'
import { open, type Store } from '../index.ts'

/** Options of every command. */
export interface StoreOptions {
  readonly dir: string
  readonly json?: boolean
}

/** Adds the options that every command has. */
export function withStoreOptions(command: Command): Command {
  return command
    .option('--dir <folder>', 'folder of the store', './data')
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

/** Opens the store for the time of `work`. With `readOnly` it may be open for writing elsewhere. */
export async function withStore<T>(
  dir: string,
  work: (store: Store) => Promise<T>,
  options: { readonly readOnly?: boolean } = {},
): Promise<T> {
  const store = await open(dir, options)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
