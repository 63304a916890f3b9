import { invalidArgument, MillraceError } from './errors.ts'
import type { NativeDurability } from './log/native.ts'
import { requireInteger, requireOneOf } from './options.ts'
import { MiB } from './units.ts'

/** How sure a stored record is, and at what price. */
export interface DurabilityOptions {
  /**
   * What a record survives once `put` has resolved. What a crash of the machine takes is always the newest part of a
   * shard, never something from its middle.
   *
   * - `'process'`: the death of the process at once, and the loss of power after at most a second (or 64 MiB a
   *   shard). The only mode, with `'none'` and memory, that has a synchronous `append`.
   * - `'commit'`: the loss of power. Puts that wait together cost one sync; nothing blocks the event loop.
   * - `'interval'`: the death of the process at once; a crash of the machine takes at most `intervalBytes` of a
   *   shard, and normally what came in during the last `intervalMs`.
   * - `'none'`: the death of the process; nothing is ever synced.
   *
   * In memory nothing survives the process.
   * @defaultValue 'process'
   */
  readonly durability?: 'process' | 'commit' | 'interval' | 'none' | undefined
  /** With `'interval'`: a shard is synced so long after a record, milliseconds: 1 to 86,400,000. @defaultValue 100 */
  readonly intervalMs?: number | undefined
  /**
   * With `'interval'`: while so many bytes of a shard wait for the disk, a put waits with them; a sync begins at half
   * of it. 1 MiB to 1 GiB. @defaultValue 16 MiB
   */
  readonly intervalBytes?: number | undefined
  /**
   * With `'commit'`: which records readers see. `'durable'`: those on the disk, so that nobody acts on a record that
   * a power cut can take back. `'committed'`: also those whose sync is under way.
   * @defaultValue 'durable'
   */
  readonly visibility?: 'durable' | 'committed' | undefined
}

/** Keys of `DurabilityOptions`. */
export const durabilityKeys: readonly string[] = ['durability', 'intervalMs', 'intervalBytes', 'visibility']

/** What holds unless the caller says otherwise. */
export const durabilityDefaults: {
  readonly durability: 'process'
  readonly intervalMs: number
  readonly intervalBytes: number
  readonly visibility: 'durable'
} = {
  durability: 'process',
  intervalMs: 100,
  intervalBytes: 16 * MiB,
  visibility: 'durable',
}

const intervalMsMax = 86_400_000

/** Checks the options and fills them up; one that belongs to another mode is refused, not ignored. */
export function checkedDurability(options: DurabilityOptions): NativeDurability {
  const { durability: mode = durabilityDefaults.durability } = options
  requireOneOf('durability', mode, ['process', 'commit', 'interval', 'none'])
  requireMode(options, 'visibility', mode === 'commit', "durability 'commit'")
  requireMode(options, 'intervalMs', mode === 'interval', "durability 'interval'")
  requireMode(options, 'intervalBytes', mode === 'interval', "durability 'interval'")
  switch (mode) {
    case 'process':
    case 'none':
      return { mode }
    case 'commit': {
      const { visibility = durabilityDefaults.visibility } = options
      requireOneOf('visibility', visibility, ['durable', 'committed'])
      return { mode, visibility }
    }
    case 'interval': {
      const { intervalMs = durabilityDefaults.intervalMs, intervalBytes = durabilityDefaults.intervalBytes } =
        options
      return {
        mode,
        intervalMs: requireInteger('intervalMs', intervalMs, 1, intervalMsMax),
        intervalBytes: requireInteger('intervalBytes', intervalBytes, MiB, 1024 * MiB),
      }
    }
    default:
      return mode satisfies never
  }
}

/** Refuses to promise for memory what only a disk can keep. */
export function requireForMemory({ mode }: NativeDurability): void {
  if (mode === 'process' || mode === 'none') return
  throw new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    `durability '${mode}' needs a folder: memory keeps nothing`,
    {
      details: { field: 'durability', value: mode },
    },
  )
}

function requireMode(
  options: DurabilityOptions,
  key: 'visibility' | 'intervalMs' | 'intervalBytes',
  allowed: boolean,
  rule: string,
): void {
  if (options[key] === undefined || allowed) return
  throw invalidArgument(key, options[key], `left out, or used with ${rule}`)
}
