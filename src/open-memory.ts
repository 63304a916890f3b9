import type { LogEngine } from './log/log.ts'
import { openNativeEngine } from './log/native.ts'
import { MetaLog } from './meta/meta-log.ts'
import { restoreImage, type StoreImage } from './store-image.ts'
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
 * Rejects as `open` and `restoreImage` do.
 */
export async function openMemory(options: StoreOptions, { image, wrap }: MemorySetUp = {}): Promise<Store> {
  const { clock } = checkedStoreOptions(options)
  const engine = await openNativeEngine({ kind: 'memory' }, { durability: { mode: 'process' }, clock })
  try {
    const { maxRecordBytes } = engine.caps
    const metaLog = engine.openMeta()
    if (image !== undefined) await restoreImage(image, engine, metaLog, clock)
    const meta = await MetaLog.open(metaLog, { clock, sync: false, maxRecordBytes })
    return await Store.create(wrap?.(engine) ?? engine, meta, options)
  } catch (error) {
    // Closes the log of the metadata too. Why opening failed matters more than how closing went.
    await engine.close().catch(() => {})
    throw error
  }
}
