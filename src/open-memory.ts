import type { LogEngine } from './log/log.ts'
import { openNativeEngine } from './log/native.ts'
import { MetaLog } from './meta/meta-log.ts'
import { hasImages, type StoreImage } from './store-image.ts'
import { checkedStoreOptions, type StoreOptions } from './streams/store-options.ts'
import { Store } from './streams/store.ts'

/** What a store in memory may begin with, beside its options. */
export interface MemorySetUp {
  /** What it holds at first. @defaultValue nothing */
  readonly image?: StoreImage | undefined
  /** The store gets what this makes of its engine. @defaultValue the engine as it is */
  readonly wrap?: ((engine: LogEngine) => LogEngine) | undefined
}

/**
 * `open('memory:')` with a look into the engine room. Not part of what `import 'millrace'` gives.
 *
 * Rejects as `open` does.
 */
export async function openMemory(options: StoreOptions, { image, wrap }: MemorySetUp = {}): Promise<Store> {
  const { clock } = checkedStoreOptions(options)
  const target = { kind: 'memory', image: image?.files } as const
  const engine = await openNativeEngine(target, { durability: { mode: 'process' }, clock })
  try {
    const { maxRecordBytes } = engine.caps
    const metaLog = engine.openMeta()
    const meta = await MetaLog.open(metaLog, { clock, sync: false, maxRecordBytes })
    return hasImages(await Store.create(wrap?.(engine) ?? engine, meta, options), engine)
  } catch (error) {
    // Closes the log of the metadata too. Why opening failed matters more than how closing went.
    await engine.close().catch(() => {})
    throw error
  }
}
