import type { Clock } from '../../clock.ts'
import { onAbort } from '../../streams/abort-fan-out.ts'
import { Bell } from '../bell.ts'
import type { DeliveryRecord } from '../delivery-record.ts'
import type { DeliverySource, SourceBatch, SourceGap, SourcePosition } from '../delivery-source.ts'

/** How much is gathered. */
export interface GatheringLimits {
  readonly clock: Clock
  /** A batch has at least so much data, unless its time is over. */
  readonly bytes: number
  /** Since the first record of a batch was read. Milliseconds on the clock. */
  readonly ms: number
}

/**
 * A source whose batches are gathered from those of another one: for what is done a batch at a time and dear, such as the call
 * of a function. What is gathered was not handed out, so that its records come again after whatever happens; whoever asks
 * to catch up does not wait for more.
 */
export class GatheredSource implements DeliverySource {
  readonly #source: DeliverySource
  readonly #limits: GatheringLimits
  #gathering: Gathering | undefined
  /** What was gathered came to nothing; it is read again. */
  #dropped = false
  /** Rings when it is. */
  readonly #bell: Bell = new Bell()

  constructor(source: DeliverySource, limits: GatheringLimits) {
    this.#source = source
    this.#limits = limits
  }

  async *batches(
    from: SourcePosition | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<SourceBatch, void, undefined> {
    const reading = new AbortController()
    const release = onAbort(signal, () => reading.abort(signal.reason))
    const batches = this.#source.batches(from, reading.signal)[Symbol.asyncIterator]()
    let next: Promise<IteratorResult<SourceBatch, unknown>> | undefined
    try {
      for (;;) {
        next ??= batches.next()
        this.#begun()
        const due = this.#gathering?.due
        const result = await (due === undefined ? next : Promise.race([next, due]))
        if (result !== undefined) next = undefined
        if (result?.done === true) return
        const gathered = result === undefined ? this.#gathering : this.#gather(result.value)
        if (gathered === undefined) continue
        yield gathered.batch
        this.#gathering = undefined
        gathered.end(true)
      }
    } finally {
      this.#dropped = this.#gathering !== undefined
      this.#gathering?.end(false)
      this.#gathering = undefined
      // Whoever waits for more is told, or the iterator would never come to its end.
      reading.abort(new Error('the batches are not read any more'))
      await next?.catch(() => {})
      await batches.return?.()
      release()
    }
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    do {
      signal.throwIfAborted()
      await this.#readAgain(signal)
      await this.#source.caughtUp?.(signal)
      // What it came to nothing with is read again, and counts then.
    } while ((await this.#gathering?.handedOut(signal)) === false)
  }

  async close(): Promise<void> {
    await this.#source.close()
  }

  /** Takes a batch in; answers what is to be handed out now. */
  #gather(batch: SourceBatch): Gathering | undefined {
    const { clock, bytes, ms } = this.#limits
    const gathering = this.#gathering ?? new Gathering(batch, clock, ms)
    const isFirst = gathering !== this.#gathering
    this.#gathering = gathering
    // Nothing is copied of what is enough on its own, or has nothing to wait for.
    if (isFirst && (batch.records.length === 0 || gathering.bytes >= bytes)) return gathering
    if (isFirst) gathering.keep()
    else gathering.add(batch)
    return gathering.bytes >= bytes ? gathering : undefined
  }

  #begun(): void {
    if (!this.#dropped) return
    this.#dropped = false
    this.#bell.ring()
  }

  /** Until what came to nothing is read again: the source has forgotten by then that it had handed it out. */
  async #readAgain(signal: AbortSignal): Promise<void> {
    while (this.#dropped) {
      await this.#bell.heard(signal)
      signal.throwIfAborted()
    }
  }
}

/** Batches that become one. */
class Gathering {
  #records: DeliveryRecord[]
  readonly #gaps: SourceGap[]
  #last: SourceBatch
  #bytes: number
  /** Resolves when it is to be handed out, whatever there is of it. */
  readonly due: Promise<undefined>
  #hurry: () => void = () => {}
  #cancelTimer: () => void
  readonly #ended: Promise<boolean>
  #end: (handedOut: boolean) => void = () => {}

  /** Of one batch, still as it was lent. */
  constructor(batch: SourceBatch, clock: Clock, ms: number) {
    this.#records = [...batch.records]
    this.#gaps = [...(batch.gaps ?? [])]
    this.#last = batch
    this.#bytes = bytesOf(batch)
    this.due = new Promise((resolve) => {
      this.#hurry = () => resolve(undefined)
    })
    this.#ended = new Promise((resolve) => {
      this.#end = resolve
    })
    this.#cancelTimer = clock.after(ms, () => this.#hurry())
  }

  get bytes(): number {
    return this.#bytes
  }

  get batch(): SourceBatch {
    const { position, behindMs } = this.#last
    return { records: this.#records, position, behindMs, gaps: this.#gaps }
  }

  /** Makes its records its own. */
  keep(): void {
    this.#records = this.#records.map(copied)
  }

  add(batch: SourceBatch): void {
    for (const record of batch.records) this.#records.push(copied(record))
    this.#gaps.push(...(batch.gaps ?? []))
    this.#bytes += bytesOf(batch)
    this.#last = batch
  }

  /** Resolves once it is done, which is as soon as possible; with whether it was handed out. */
  async handedOut(signal: AbortSignal): Promise<boolean> {
    this.#hurry()
    let release: (() => void) | undefined
    const aborted = new Promise<false>((resolve) => {
      release = onAbort(signal, () => resolve(false))
    })
    try {
      return await Promise.race([this.#ended, aborted])
    } finally {
      release?.()
    }
  }

  end(handedOut: boolean): void {
    this.#cancelTimer()
    this.#end(handedOut)
  }
}

function bytesOf({ records }: SourceBatch): number {
  let bytes = 0
  for (const { data } of records) bytes += data.byteLength
  return bytes
}

function copied(record: DeliveryRecord): DeliveryRecord {
  return { ...record, data: Uint8Array.from(record.data) }
}
