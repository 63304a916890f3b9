import type { Clock } from '../clock.ts'
import type { Store } from '../streams/store.ts'
import type { MemoryBudget } from './buffers/memory-budget.ts'
import type { DeliveryParts } from './delivery-parts.ts'
import type { DeliverySource, SourcePosition } from './delivery-source.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'
import type { FirehoseOptions } from './firehose-options.ts'

/** What one running delivery is given. */
export interface DeliveryHost {
  /** A delivery of a changed configuration is another one. */
  readonly state: DeliveryStreamState
  /** The delivery closes it. */
  readonly source: DeliverySource
  loadPosition(): SourcePosition | undefined
  savePosition(position: SourcePosition): Promise<void>
  /** The store's. */
  readonly clock: Clock
  readonly options: FirehoseOptions
  /** Has a folder for each delivery whose buffers spill. It need not exist. */
  readonly folder: string
  readonly store: Store
  /** Shared by all deliveries of a store. */
  readonly memory: MemoryBudget
  readonly parts: DeliveryParts
}
