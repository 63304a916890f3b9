import type { Command } from 'commander'
import { usageError } from './failure.ts'

/** Where a server keeps its store. */
export interface StorePlace {
  readonly memory?: boolean | undefined
  readonly durability?: 'process' | 'commit' | 'interval' | 'none' | undefined
}

/** Options of a store in a folder, and why a store in memory has none of them. */
const ofFolders = { dir: '', durability: ': memory survives nothing' } as const

const rivals = Object.keys(ofFolders) as readonly (keyof typeof ofFolders)[]

/** Where a value may come from, the weakest first; a default is weaker still. */
const sources: readonly string[] = ['config', 'env', 'cli']

/**
 * Settles what excludes each other: `--memory` on one side, `--dir` and `--durability` on the other. Said
 * in different places the stronger one holds (the command line, then the environment, then the file), and
 * the other is as if nobody had said it; in the same place they are refused.
 */
export function storePlace(command: Command): StorePlace {
  const { memory, durability } = command.opts<StorePlace>()
  const rankOf = (name: string): number => sources.indexOf(command.getOptionValueSource(name) ?? '')
  const rank = rankOf('memory')
  if (memory !== true || rivals.some((rival) => rankOf(rival) > rank)) return { memory: false, durability }
  const equal = rivals.find((rival) => rankOf(rival) === rank)
  if (equal !== undefined) throw usageError(`--memory and --${equal} exclude each other${ofFolders[equal]}`)
  return { memory: true, durability: undefined }
}
