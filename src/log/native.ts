import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import type { NativeAddon, NativeEngine as NativeHandle } from '../native/addon.ts'
import { awaitNative, fromNative } from '../native/failure.ts'
import { loadAddon } from '../native/load.ts'
import { MiB } from '../units.ts'
import { namingHolder } from './lock-holder.ts'
import { type MemoryImage, NativeEngine } from './native-engine.ts'
import { NativeReaderEngine } from './native-reader-engine.ts'
import { Sharing } from './sharing.ts'

/** Where an embedded store lives. A folder is created when missing. */
export type NativeTarget =
  | { readonly kind: 'folder'; readonly path: string }
  /** It begins with what the image says. @defaultValue nothing */
  | { readonly kind: 'memory'; readonly image?: MemoryImage | undefined }

/** What an appended record survives. */
export type NativeDurability =
  /** The process; synced in the background so that a crash of the machine takes a second at most. */
  | { readonly mode: 'process' }
  /** Never synced. */
  | { readonly mode: 'none' }
  /** Everything: an append is answered once it is on the disk. */
  | { readonly mode: 'commit'; readonly visibility: 'durable' | 'committed' }
  /** The process; a crash of the machine takes what came in since the last interval, at most so many bytes. */
  | { readonly mode: 'interval'; readonly intervalMs: number; readonly intervalBytes: number }

/** How an embedded store is kept. */
export interface NativeEngineOptions {
  /** In memory only `process` and `none`, without meaning there. */
  readonly durability: NativeDurability
  /** Times waits and marks. */
  readonly clock: Clock
}

/**
 * Opens the embedded engine.
 *
 * @throws MillraceError `ERR_MILLRACE_STORE_BUSY` when another engine, here or in another process, has the folder
 * open; `ERR_MILLRACE_NOT_A_STORE`, `ERR_MILLRACE_NEWER_FORMAT`, `ERR_MILLRACE_PERMISSION` or
 * `ERR_MILLRACE_IO` for what the folder is; `ERR_MILLRACE_NATIVE_LOAD` without a native addon
 */
export async function openNativeEngine(
  target: NativeTarget,
  options: NativeEngineOptions,
): Promise<NativeEngine> {
  const addon = loadAddon()
  try {
    switch (target.kind) {
      case 'memory':
        return new NativeEngine(
          addon,
          addon.openMemory(target.image),
          options.clock,
          'memory',
          false,
          new Sharing(),
        )
      case 'folder':
        return await openFolder(addon, target.path, options)
      default:
        throw new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', 'target must be a folder or memory', {
          details: { field: 'target', value: target satisfies never },
        })
    }
  } catch (error) {
    const failure = fromNative(error)
    throw target.kind === 'folder' ? await namingHolder(failure, target.path) : failure
  }
}

/** While more than this waits for a checkpoint, a shard takes nothing more: what recovery has to scan at most. */
const backlogBytes: number = 64 * MiB
const checkpointMs = 1000

async function openFolder(
  addon: NativeAddon,
  path: string,
  { durability, clock }: NativeEngineOptions,
): Promise<NativeEngine> {
  const sharing = new Sharing()
  const opened = (
    sync: boolean,
    written?: readonly [
      syncCommits: boolean,
      showCommitted: boolean,
      checkpointMs: number,
      backlogBytes: number,
    ],
  ): Promise<NativeHandle> => {
    const [syncCommits, showCommitted, afterMs, bytes] = written ?? []
    return addon.openFolder(path, sync, syncCommits, showCommitted, afterMs, bytes, sharing.joined)
  }
  switch (durability.mode) {
    case 'process':
      return new NativeEngine(addon, await opened(true), clock, 'process', false, sharing)
    case 'none':
      // What is never synced promises no more than memory does, although a mere end of the process spares it.
      return new NativeEngine(addon, await opened(false), clock, 'memory', false, sharing)
    case 'commit': {
      const early = durability.visibility === 'committed'
      const native = await opened(true, [true, early, checkpointMs, backlogBytes])
      return new NativeEngine(addon, native, clock, 'synced', true, sharing)
    }
    case 'interval': {
      const { intervalMs, intervalBytes } = durability
      const native = await opened(true, [false, true, intervalMs, intervalBytes])
      return new NativeEngine(addon, native, clock, 'process', true, sharing)
    }
    default:
      return durability satisfies never
  }
}

/**
 * Opens a store that exists only to be read, whoever writes it meanwhile.
 *
 * @throws MillraceError `ERR_MILLRACE_NOT_A_STORE`, `ERR_MILLRACE_NEWER_FORMAT`, `ERR_MILLRACE_PERMISSION`,
 * `ERR_MILLRACE_CORRUPT` or `ERR_MILLRACE_IO` for what the folder is; `ERR_MILLRACE_NATIVE_LOAD` without a native addon
 */
export async function openNativeReader(path: string, clock: Clock): Promise<NativeReaderEngine> {
  const addon = loadAddon()
  return new NativeReaderEngine(addon, await awaitNative(addon.openReader(path)), clock)
}
