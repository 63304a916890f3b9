import type { Clock } from '../clock.ts'
import type { DeliveryLogEvent } from '../firehose/delivery-log.ts'
import { withoutSecrets } from '../firehose/delivery-summary.ts'
import { secondMs } from '../units.ts'
import type { LogFacts, ServerLog } from './server-log.ts'

/** What goes wrong again within this time is told together. Milliseconds. */
export const againMs: number = 10 * secondMs
/** Kinds of it that are told one by one; the others are counted together. */
export const kindsMax = 50
/** A destination may answer a page. Characters. */
const messageMax = 500

interface Again {
  /** Since it was told. */
  times: number
  facts: LogFacts
}

/**
 * Tells the log what goes wrong with deliveries: the first of a kind at once, and what follows within ten seconds in one line
 * with how often. A kind is an error of a delivery stream.
 */
export class DeliveryWarnings {
  readonly #log: Pick<ServerLog, 'warn'>
  readonly #clock: Clock
  readonly #again: Map<string, Again> = new Map()
  #cancelTimer: (() => void) | undefined

  constructor(log: Pick<ServerLog, 'warn'>, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  /** Something went wrong. */
  add(event: DeliveryLogEvent): void {
    const { deliveryStreamARN, errorCode } = event
    const known = `${deliveryStreamARN} ${errorCode}`
    const own = this.#again.has(known) || this.#again.size < kindsMax
    const kind = own ? known : 'others'
    const facts = own ? factsOf(event) : {}
    const again = this.#again.get(kind)
    if (again !== undefined) {
      again.times += 1
      again.facts = facts
      return
    }
    this.#again.set(kind, { times: own ? 0 : 1, facts })
    if (own) this.#log.warn(facts, 'delivery failed')
    this.#cancelTimer ??= this.#clock.after(againMs, () => this.flush())
  }

  /** Tells what has been gathered. */
  flush(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    for (const { times, facts } of this.#again.values()) {
      if (times > 0) this.#log.warn({ ...facts, times }, 'delivery failed again')
    }
    this.#again.clear()
  }
}

function factsOf({ deliveryStreamARN, destination, errorCode, message }: DeliveryLogEvent): LogFacts {
  return {
    deliveryStream: deliveryStreamARN,
    destination: withoutSecrets(destination),
    error: errorCode,
    why: message.slice(0, messageMax),
  }
}
