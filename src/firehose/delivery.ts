import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterHolding } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import { onAbort } from '../streams/abort-fan-out.ts'
import { minuteMs } from '../units.ts'
import { Checkpoint } from './checkpoint.ts'
import type { StopOptions } from './deliveries.ts'
import type { DeliveryHost } from './delivery-host.ts'
import { DeliveryJournal, deliveryArn } from './delivery-journal.ts'
import { DeliveryRoute, type RouteContext } from './delivery-route.ts'
import type { SourceBatch } from './delivery-source.ts'
import { DeliveryCounters, type DeliveryStats } from './delivery-stats.ts'
import { failureText } from './failure-text.ts'
import { backOffMs, Ending, Stopped, waited } from './retry.ts'

/** A stop takes no longer than this of the system's time, whatever hangs and whoever moves the store's clock. */
const stopMaxMs: number = minuteMs
/** So long a stop goes on reading what was stored before it. What it does not come to is delivered at the next start. */
const catchUpMaxMs = 5_000

/**
 * One running delivery: reads batches from its source, takes them along its route, and saves the position behind what is
 * safe. Whatever goes wrong is told and tried again; it ends only with `stop`.
 */
export class Delivery {
  readonly #host: DeliveryHost
  readonly #counters: DeliveryCounters = new DeliveryCounters()
  readonly #journal: DeliveryJournal
  readonly #checkpoint: Checkpoint
  readonly #ending: Ending = new Ending()
  /** Aborted when nothing more is to be read. */
  readonly #reading: AbortController = new AbortController()
  #route: DeliveryRoute | undefined
  #opened: Promise<void> | undefined
  #running: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  constructor(host: DeliveryHost) {
    const { state, clock, options } = host
    this.#host = host
    this.#journal = new DeliveryJournal({ state, clock, counters: this.#counters, onLog: options.onLog })
    const onSaveFailed = (error: unknown): void => this.#note('Delivery.PositionNotSaved', error)
    const savePosition = host.savePosition.bind(host)
    this.#checkpoint = new Checkpoint({ clock, savePosition, onSaveFailed }, host.loadPosition())
  }

  /** Begins. Once only. */
  start(): void {
    if (this.#running !== undefined || this.#stopping !== undefined) return
    this.#opened = this.#open()
    this.#running = this.#run(this.#opened)
  }

  /**
   * Resolves once everything that was stored in the source before the call is at its destination, or in the error output
   * if it cannot be delivered.
   *
   * Rejects with `ERR_MILLRACE_CLOSED` if the delivery is stopped before.
   */
  async flush(): Promise<void> {
    await this.#unlessStopped(this.#flush())
  }

  stats(): DeliveryStats {
    const { metrics, ...counters } = this.#counters
    let bufferedRecords = 0
    let bufferedBytes = 0
    let spilledBytes = 0
    let oldestMs = Number.POSITIVE_INFINITY
    for (const buffer of this.#route?.buffers() ?? []) {
      bufferedRecords += buffer.records
      bufferedBytes += buffer.bytes
      spilledBytes += buffer.spilledBytes
      oldestMs = Math.min(oldestMs, buffer.oldestMs)
    }
    const dataFreshnessMs = Math.max(0, this.#host.clock.nowMs() - oldestMs)
    return {
      metrics: { ...metrics },
      ...counters,
      partitionCount: this.#route?.partitions ?? 0,
      dataFreshnessMs: bufferedRecords === 0 ? 0 : dataFreshnessMs,
      bufferedRecords,
      bufferedBytes,
      spilledBytes,
    }
  }

  /** Ends the delivery; what is not delivered comes again when there is one for the same source. Never rejects. */
  stop(options: StopOptions): Promise<void> {
    this.#stopping ??= this.#stop(options)
    return this.#stopping
  }

  async #stop({ flush, withinMs = stopMaxMs }: StopOptions): Promise<void> {
    const cancelTimer = afterHolding(Math.min(withinMs, stopMaxMs), () => this.#ending.end())
    if (flush) {
      this.#ending.lastAttempts()
      await this.#catchUp(Math.min(withinMs / 2, catchUpMaxMs))
    } else this.#ending.end()
    this.#reading.abort(new Stopped())
    await this.#running
    if (flush) await this.#route?.settled()
    cancelTimer()
    this.#ending.end()
    try {
      await this.#checkpoint.end()
    } catch (error) {
      this.#note('Delivery.PositionNotSaved', error)
    }
    await this.#route?.close()
    await Promise.allSettled([this.#host.source.close(), this.#removeFiles()])
  }

  /** Waits until what is stored by now was read, but not for ever. */
  async #catchUp(withinMs: number): Promise<void> {
    let cancelTimer: (() => void) | undefined
    const late = new Promise<void>((resolve) => {
      cancelTimer = afterHolding(withinMs, resolve)
    })
    const caughtUp = (async () => {
      await this.#opened
      await this.#host.source.caughtUp?.(this.#reading.signal)
    })()
    // A source that cannot tell has nothing to wait for.
    await Promise.race([caughtUp.catch(() => {}), this.#running, late])
    cancelTimer?.()
  }

  /** Makes a route, however long that takes. Rejects with `Stopped`. */
  async #open(): Promise<void> {
    const context: RouteContext = {
      checkpoint: this.#checkpoint,
      ending: this.#ending,
      counters: this.#counters,
      journal: this.#journal,
    }
    for (let failures = 0; ;) {
      if (this.#reading.signal.aborted) throw new Stopped()
      const route = new DeliveryRoute(this.#host, context)
      try {
        // What an earlier process left is not trusted: its records come again.
        await this.#removeFiles()
        await route.open()
        this.#route = route
        return
      } catch (error) {
        await route.close()
        failures += 1
        this.#note('Delivery.CannotStart', error)
        if (this.#ending.last.aborted) throw new Stopped()
        await this.#backOff(failures)
      }
    }
  }

  /** Resolves when the delivery is stopped. */
  async #run(opened: Promise<void>): Promise<void> {
    try {
      await opened
    } catch {
      return
    }
    const { signal } = this.#reading
    for (let failures = 0; !signal.aborted;) {
      try {
        for await (const batch of this.#host.source.batches(this.#checkpoint.read, signal)) {
          await this.#take(batch)
          failures = 0
          await this.#host.memory.room(signal)
        }
        if (!signal.aborted) throw new Error('the source has ended')
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        this.#note('Delivery.CannotRead', error)
        if (this.#ending.last.aborted) return
        await this.#backOff(failures)
      }
    }
  }

  async #take(batch: SourceBatch): Promise<void> {
    const hold = this.#checkpoint.begin()
    try {
      this.#count(batch)
      await (this.#route as DeliveryRoute).take(batch, hold.mark, this.#reading.signal)
    } catch (error) {
      this.#checkpoint.release(hold)
      throw error
    }
    this.#checkpoint.taken(hold, batch.position)
  }

  #count({ records, behindMs, gaps = [] }: SourceBatch): void {
    for (const { shardId, recordsMax } of gaps) {
      const missing = recordsMax === Number.POSITIVE_INFINITY ? 'records' : `up to ${recordsMax} records`
      const message = `${missing} of ${shardId} expired before they were read`
      this.#journal.note(deliveryArn(this.#host.state), 'Delivery.RecordsExpired', message)
    }
    const { metrics } = this.#counters
    let bytes = 0
    for (const { data } of records) bytes += data.byteLength
    metrics.IncomingRecords += records.length
    metrics.IncomingBytes += bytes
    this.#counters.millisBehindLatest = behindMs
    if (this.#host.state.configuration.source.kind === 'direct') return
    metrics['DataReadFromKinesisStream.Records'] += records.length
    metrics['DataReadFromKinesisStream.Bytes'] += bytes
  }

  async #flush(): Promise<void> {
    await this.#opened
    await this.#host.source.caughtUp?.(this.#reading.signal)
    await this.#route?.settled()
  }

  async #unlessStopped(work: Promise<void>): Promise<void> {
    const { signal } = this.#reading
    let release: (() => void) | undefined
    const stopped = new Promise<never>((_, reject) => {
      release = onAbort(signal, () => reject(closed()))
    })
    try {
      await Promise.race([work, stopped])
    } catch (error) {
      throw error instanceof Stopped ? closed() : error
    } finally {
      release?.()
    }
  }

  /** A delivery that is stopping tries again at once, for the last time. */
  #backOff(failures: number): Promise<void> {
    const { clock, parts } = this.#host
    return waited(backOffMs(failures, parts.random()), clock, this.#ending.last)
  }

  #removeFiles(): Promise<void> {
    return rm(join(this.#host.folder, this.#host.state.id), { recursive: true, force: true })
  }

  #note(code: string, error: unknown): void {
    this.#journal.note(deliveryArn(this.#host.state), code, failureText(error))
  }
}

function closed(): MillraceError {
  return new MillraceError('ERR_MILLRACE_CLOSED', 'the delivery was stopped')
}
