import type { Clock } from '../clock.ts'
import type { StreamKey } from '../meta/commands.ts'
import type { MetaStore } from '../meta/meta.ts'
import type { Limits } from './limits.ts'
import type { Resharder } from './resharder.ts'
import type { StoreTime } from './store-time.ts'
import type { StreamCore } from './stream-core.ts'
import type { GateHook } from './write-gate.ts'

/** What the layers above (the AWS layer, test support) find behind `insideOf`. */
export interface StoreInside {
  readonly account: string
  readonly region: string
  /** Sets timers. */
  readonly clock: Clock
  /** Tells the time of arrivals and horizons. */
  readonly time: StoreTime
  readonly meta: MetaStore
  /** `undefined` where they are off. */
  readonly limits: Limits | undefined
  /** Splits and merges shards. */
  readonly resharder: Resharder
  /** For test support. */
  readonly gates: GateHook
  /** @throws `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND` */
  core(key: StreamKey): StreamCore
}
