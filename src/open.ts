import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toUSVString } from 'node:util'
import { checkedDurability, durabilityKeys, type DurabilityOptions, requireForMemory } from './durability.ts'
import { invalidArgument, MillraceError } from './errors.ts'
import type { NativeEngine } from './log/native-engine.ts'
import { type NativeDurability, type NativeTarget, openNativeEngine, openNativeReader } from './log/native.ts'
import type { MetaStore } from './meta/meta.ts'
import { MetaFollower } from './meta/meta-follower.ts'
import { MetaLog } from './meta/meta-log.ts'
import type { MetaSharing } from './meta/other-writers.ts'
import { requireOptions } from './options.ts'
import { checkedStoreOptions, storeOptionKeys, type StoreOptions } from './streams/store-options.ts'
import { Store } from './streams/store.ts'

/** Options of `open`. */
export interface OpenOptions extends StoreOptions, DurabilityOptions {
  /**
   * Opens a store that exists only to be read, while one process or none writes it: no lock is taken and nothing is
   * changed. Its streams can be listed, read and tailed, and what a writer does is followed as it happens; what would
   * write fails with `ERR_MILLRACE_READ_ONLY`. Not for `memory:`, and not beside `durability`.
   * @defaultValue false
   */
  readonly readOnly?: boolean | undefined
}

/**
 * Opens a store, and creates it if there is none.
 *
 * ```ts
 * const store = await open('./data')
 * ```
 *
 * One process at a time has a folder open for writing; any number of others may have it open with `readOnly`.
 *
 * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, `ERR_MILLRACE_UNSUPPORTED`; for the
 * folder: `ERR_MILLRACE_STORE_BUSY`, `ERR_MILLRACE_NOT_A_STORE`, `ERR_MILLRACE_NEWER_FORMAT`,
 * `ERR_MILLRACE_CORRUPT`, `ERR_MILLRACE_PERMISSION`, `ERR_MILLRACE_NO_SPACE`, `ERR_MILLRACE_IO`; and
 * `ERR_MILLRACE_NATIVE_LOAD`.
 *
 * @param location a folder, as a path or a `file:` URL, made if its parent exists; or `'memory:'` for a store that
 *   is gone when it is closed
 */
export async function open(location: string | URL, options: OpenOptions = {}): Promise<Store> {
  const target = targetOf(location)
  const { durability, readOnly, storeOptions, clock } = checkedOptions(options)
  if (readOnly) return openReader(target, storeOptions)
  if (target.kind === 'memory') requireForMemory(durability)
  const engine = await openNativeEngine(target, { durability, clock })
  try {
    const meta = await openMeta(engine, {
      clock,
      sync: target.kind === 'folder' && durability.mode !== 'none',
    })
    return await Store.create(engine, meta, storeOptions, target.kind === 'folder' ? target.path : undefined)
  } catch (error) {
    // Closes the log of the metadata too. Why opening failed matters more than how closing went.
    await engine.close().catch(() => {})
    throw error
  }
}

async function openReader(target: NativeTarget, options: StoreOptions): Promise<Store> {
  if (target.kind === 'memory') {
    throw invalidArgument('readOnly', true, "left out for 'memory:', which nobody else can write")
  }
  const { clock, onWarning } = checkedStoreOptions(options)
  const engine = await openNativeReader(target.path, clock)
  try {
    const meta = MetaFollower.open(engine.openMeta(), (error) => {
      onWarning({
        code: 'metadata-unreadable',
        message: `the metadata cannot be followed any more; open the store again: ${error.message}`,
        details: { error },
      })
    })
    return await Store.create(engine, meta, options, target.path)
  } catch (error) {
    await engine.close().catch(() => {})
    throw error
  }
}

async function openMeta(
  engine: NativeEngine,
  options: { readonly clock: NonNullable<StoreOptions['clock']>; readonly sync: boolean },
): Promise<MetaStore> {
  const log = engine.openMeta()
  const sharing: MetaSharing = {
    get shared() {
      return engine.sharing.shared
    },
    get alone() {
      return engine.alone
    },
    onJoined: (listener) => engine.sharing.onJoined(listener),
    takeTurn: () => engine.takeTurn(),
    giveTurn: () => engine.giveTurn(),
  }
  return MetaLog.open(log, {
    ...options,
    maxRecordBytes: engine.caps.maxRecordBytes,
    others: { sharing, log },
  })
}

function checkedOptions(options: OpenOptions): {
  readonly durability: NativeDurability
  readonly readOnly: boolean
  readonly clock: NonNullable<StoreOptions['clock']>
  readonly storeOptions: StoreOptions
} {
  requireOptions('open options', options, [...durabilityKeys, 'readOnly', ...storeOptionKeys])
  const {
    durability: _mode,
    intervalMs: _ms,
    intervalBytes: _bytes,
    visibility: _v,
    readOnly = false,
    ...storeOptions
  } = options
  if (typeof readOnly !== 'boolean') throw invalidArgument('readOnly', readOnly, 'true or false')
  const given = durabilityKeys.find((key) => options[key as keyof DurabilityOptions] !== undefined)
  if (readOnly && given !== undefined) {
    throw invalidArgument(
      given,
      options[given as keyof DurabilityOptions],
      'left out beside readOnly: the writer decides it',
    )
  }
  return {
    durability: checkedDurability(options),
    readOnly,
    storeOptions,
    clock: checkedStoreOptions(storeOptions).clock,
  }
}

function targetOf(location: unknown): NativeTarget {
  if (location instanceof URL) return targetOf(location.href)
  if (typeof location !== 'string' || location === '' || location.includes('\0')) {
    throw invalidArgument('location', location, "a folder, a file: URL or 'memory:'")
  }
  if (toUSVString(location) !== location) {
    throw invalidArgument('location', location, 'well-formed Unicode, without lone surrogates')
  }
  if (location === 'memory:') return { kind: 'memory' }
  // One letter before the colon is a drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(location)?.[1]?.toLowerCase()
  if (scheme === 'file') return { kind: 'folder', path: folderOf(location) }
  if (scheme === 'memory') throw invalidArgument('location', location, "'memory:' and nothing after it")
  if (scheme === undefined) return { kind: 'folder', path: resolve(location) }
  throw new MillraceError('ERR_MILLRACE_UNSUPPORTED', `no store is known for ${scheme}: in ${location}`, {
    details: { field: 'location', value: location },
  })
}

function folderOf(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', `location: ${url} names no local folder`, {
      cause,
      details: { field: 'location', value: url, rule: 'a file: URL of a local folder' },
    })
  }
}
