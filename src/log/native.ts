import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import { awaitNative, fromNative } from '../native/failure.ts'
import { loadAddon } from '../native/load.ts'
import type { LogEngine } from './log.ts'
import { NativeEngine } from './native-engine.ts'
import { NativeReaderEngine } from './native-reader-engine.ts'

/** Where an embedded store lives. A folder is created when missing. */
export type NativeTarget = { readonly kind: 'folder'; readonly path: string } | { readonly kind: 'memory' }

/** How an embedded store is kept. */
export interface NativeEngineOptions {
  /**
   * `process`: what was appended survives the process, and is synced in the background so that a crash of the
   * machine takes a second at most. `none`: never synced. Without meaning in memory.
   */
  readonly durability: 'process' | 'none'
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
): Promise<LogEngine> {
  const addon = loadAddon()
  try {
    switch (target.kind) {
      case 'memory':
        return new NativeEngine(addon, addon.openMemory(), options.clock, 'memory')
      case 'folder': {
        const syncs = options.durability === 'process'
        const native = await addon.openFolder(target.path, syncs)
        // What is never synced promises no more than memory does, although a mere end of the process spares it.
        return new NativeEngine(addon, native, options.clock, syncs ? 'process' : 'memory')
      }
      default:
        throw new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', 'target must be a folder or memory', {
          details: { field: 'target', value: target satisfies never },
        })
    }
  } catch (error) {
    throw fromNative(error)
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
