/**
 * What a store in memory holds at one moment. Below the streams, and below the logs: the engine takes an image of its
 * files. So sequence numbers, shards, trimmed beginnings and everything that the metadata will ever say come along by
 * themselves.
 */
import type { MemoryImage, NativeEngine } from './log/native-engine.ts'
import { isInternal } from './streams/internal-streams.ts'
import { insideOf, type Store } from './streams/store.ts'
import { coreOf } from './streams/stream.ts'

/** What a store holds. Never changes. */
export interface StoreImage {
  /** The store's time when the image was taken, milliseconds since 1970. */
  readonly nowMs: number
  readonly files: MemoryImage
}

/** The engines of stores in memory. */
const engines: WeakMap<Store, NativeEngine> = new WeakMap()

/** Makes a store one of which `takeImage` can take an image. */
export function hasImages(store: Store, engine: NativeEngine): Store {
  engines.set(store, engine)
  return store
}

/**
 * Takes an image of a store that `openMemory` opened: everything that was stored before the call, all of it at one
 * moment. Puts that wait are stored first; what is put meanwhile may be in it.
 *
 * Rejects with `ERR_MILLRACE_CLOSED`.
 */
export async function takeImage(store: Store): Promise<StoreImage> {
  const inside = insideOf(store)
  const engine = engines.get(store)
  if (engine === undefined) throw new TypeError('only a store of openMemory() has images')
  const cores = [...inside.meta.state.streams.values()].map(({ key }) =>
    isInternal(key) ? coreOf(inside.internalStreams.stream(key)) : inside.core(key),
  )
  await Promise.all(cores.map((core) => core.drain()))
  return { nowMs: inside.time.nowMs(), files: engine.image() }
}
