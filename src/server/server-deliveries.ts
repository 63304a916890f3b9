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
  /** @defaultValue the store's deliveries as they are, or as they are by default */
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

  /** @throws what `firehose` throws for its options, and for any where deliveries run already */
  constructor({ store, options, log, clock }: DeliveriesHost) {
    this.#warnings = new DeliveryWarnings(log, clock)
    if (options === undefined && runningFirehose(store) !== undefined) return
    const { onLog } = options ?? {}
    const tell = typeof onLog === 'function' ? apart(onLog) : onLog
    const warned: FirehoseOptions['onLog'] = (event) => {
      this.#warnings.add(event)
      tell?.(event)
    }
    // What is no function is refused by whoever checks the options.
    const listening = tell === undefined || typeof tell === 'function'
    this.#own = firehoseOf(store, listening ? { ...options, onLog: warned } : options)
  }

  /** Ends those that it has begun: what is buffered is delivered within this time, or stays in the store. */
  async end(withinMs: number): Promise<void> {
    await this.#own?.close(withinMs)
    this.#warnings.flush()
  }
}
