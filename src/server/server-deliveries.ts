import type { Clock } from '../clock.ts'
import { type Firehose, firehoseOf, runningFirehose } from '../firehose/firehose.ts'
import type { FirehoseOptions } from '../firehose/firehose-options.ts'
import type { Store } from '../streams/store.ts'
import { apart } from '../streams/warning.ts'
import { DeliveryWarnings } from './delivery-warnings.ts'
import type { ServerLog } from './server-log.ts'

/** What a server begins deliveries with. */
export interface DeliveriesHost {
  readonly store: Store
  /** Checked. @defaultValue the store's deliveries as they are, or as they are by default */
  readonly options: FirehoseOptions | undefined
  readonly log: ServerLog
  /** The system's. */
  readonly clock: Clock
}

/**
 * The deliveries of a server's store. Those that somebody else has begun are left to him; those that the server begins tell
 * its log what goes wrong, and end with it.
 */
export class ServerDeliveries {
  readonly #own: Firehose | undefined
  readonly #warnings: DeliveryWarnings

  /** @throws `ERR_MILLRACE_INVALID_ARGUMENT` for any options where deliveries run already; `ERR_MILLRACE_CLOSED` */
  constructor({ store, options, log, clock }: DeliveriesHost) {
    this.#warnings = new DeliveryWarnings(log, clock)
    if (options === undefined && runningFirehose(store) !== undefined) return
    const tell = options?.onLog && apart(options.onLog)
    const warned: FirehoseOptions['onLog'] = (event) => {
      this.#warnings.add(event)
      tell?.(event)
    }
    this.#own = firehoseOf(store, { ...options, onLog: warned })
  }

  /** Ends those that it has begun: what is buffered is delivered within this time, or stays in the store. */
  async end(withinMs: number): Promise<void> {
    await this.#own?.close(withinMs)
    this.#warnings.flush()
  }
}
