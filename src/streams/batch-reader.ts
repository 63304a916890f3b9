import { setMaxListeners } from 'node:events'
import { nextTurn } from '../clock.ts'
import { MiB } from '../units.ts'
import { onAbort } from './abort-fan-out.ts'
import type { BlockSupply } from './block-supply.ts'
import { isLater } from './maybe.ts'
import type { ReadFront } from './read-front.ts'
import type { ShardReader } from './reader.ts'
import type { RecordBatch } from './record-batch.ts'
import { Turns } from './turns.ts'

/** Bytes and records after which the event loop gets a turn, although there is more to read. */
const turnBytes: number = MiB
const turnRecords = 8192

/** In place of a page: the read was ended, or its signal aborted, while the page was read elsewhere. */
const cutShort: unique symbol = Symbol('cut short')

const over: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** What ends a read from outside. */
export interface ReadGuard {
  readonly signal: AbortSignal | undefined
  /** The signal was aborted, the stream deleted or its store closed. */
  readonly halted: boolean
  /** Throws once the stream was deleted or its store closed. */
  requireUsable(): void
}

/**
 * The records of one or more shards as an async iterable of batches, each of one shard. Shards take turns, a page
 * each; within a shard the order is kept, and a shard comes after those that it was split or merged from; otherwise
 * there is none. At the tail of all of them it waits for
 * whichever goes on first, without polling. The event loop goes on while pages that are not in memory are loaded. Leaving a `for await` loop, `return()` and `await using` end it.
 */
export class BatchReader<T = Uint8Array> implements AsyncIterableIterator<RecordBatch<T>, undefined> {
  readonly #guard: ReadGuard
  /** Shards that may have something to read, in turn. */
  readonly #ready: ShardReader<T>[]
  readonly #shards: Set<ShardReader<T>>
  readonly #front: ReadFront<T>
  readonly #blocks: BlockSupply
  readonly #turns: Turns = new Turns()
  /** Ends all waits. There from the first one on: a read that never waits is spared it, and the abort. */
  #stop: AbortController | undefined
  #finished = false
  #waiting = 0
  #wake: (() => void) | undefined
  /** Gives up on a page that is read elsewhere. */
  #cut: (() => void) | undefined
  #failure: { readonly error: unknown } | undefined
  #bytesInTurn = 0
  #recordsInTurn = 0

  /** `stream.readBatches` makes readers. */
  constructor(front: ReadFront<T>, blocks: BlockSupply, guard: ReadGuard) {
    this.#front = front
    this.#ready = front.begin()
    this.#shards = new Set(this.#ready)
    try {
      front.tellLost()
    } catch (error) {
      this.#failure = { error }
    }
    this.#blocks = blocks
    this.#guard = guard
  }

  /**
   * The next batch; waits for it unless the read ends at the tail.
   *
   * @throws the signal's reason; `ERR_MILLRACE_TRIMMED`, `ERR_MILLRACE_CLOSED`, `ERR_MILLRACE_STREAM_NOT_FOUND`,
   *   `ERR_MILLRACE_CORRUPT`, `ERR_MILLRACE_NEWER_FORMAT`, `ERR_MILLRACE_IO`. After an error the read is over.
   */
  next(): Promise<IteratorResult<RecordBatch<T>, undefined>> {
    return this.#turns.take(() => this.#advance())
  }

  /** Ends the read at once, also one that waits. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#finish()
    return over
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#finish()
  }

  async #advance(): Promise<IteratorResult<RecordBatch<T>, undefined>> {
    this.#blocks.recall()
    try {
      while (!this.#finished) {
        this.#requireGoing()
        const shard = this.#ready.shift()
        if (shard === undefined) {
          if (this.#waiting === 0) this.#finish()
          else await this.#sleep()
          continue
        }
        const page = shard.page()
        const batch = isLater(page) ? await this.#unlessCutShort(page) : page
        if (batch === cutShort) continue
        if (shard.done) this.#follow(shard)
        else if (batch !== undefined) this.#ready.push(shard)
        else this.#await(shard)
        if (batch !== undefined && !this.#finished) {
          await this.#giveTurn(batch)
          return { done: false, value: batch }
        }
      }
      // What was read when the end came is nobody's.
      this.#blocks.recall()
      return over
    } catch (error) {
      if (this.#finished) return over
      this.#finish()
      // A log that was closed under the reader says less than who closed it.
      this.#guard.signal?.throwIfAborted()
      this.#guard.requireUsable()
      throw error
    }
  }

  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#stop?.abort()
    this.#ready.length = 0
    this.#blocks.end()
    for (const shard of this.#shards) shard.end()
    this.#front.end()
    this.#wake?.()
    this.#cut?.()
  }

  #requireGoing(): void {
    this.#guard.signal?.throwIfAborted()
    this.#guard.requireUsable()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** A page that is still to come, unless the read ends first: then whoever brings it finds nobody. */
  async #unlessCutShort<Page>(page: Promise<Page>): Promise<Page | typeof cutShort> {
    const { signal } = this.#guard
    let release: (() => void) | undefined
    const cut = new Promise<typeof cutShort>((resolve) => {
      this.#cut = () => resolve(cutShort)
      release = signal && onAbort(signal, this.#cut)
    })
    try {
      return await Promise.race([page, cut])
    } finally {
      release?.()
      this.#cut = undefined
    }
  }

  /** Goes on with what comes after a shard that was read to its end. */
  #follow(ended: ShardReader<T>): void {
    if (this.#finished || !this.#front.leadsOn) return
    const next = this.#front.after(ended)
    this.#shards.delete(ended)
    ended.end()
    if (isLater(next)) {
      this.#waiting += 1
      void this.#beginLater(next)
    } else {
      this.#begin(next)
    }
  }

  #begin(shards: readonly ShardReader<T>[]): void {
    for (const shard of shards) {
      if (this.#finished) shard.end()
      else this.#ready.push(shard)
      this.#shards.add(shard)
    }
  }

  async #beginLater(next: Promise<readonly ShardReader<T>[]>): Promise<void> {
    try {
      this.#begin(await next)
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#waiting -= 1
    this.#wake?.()
  }

  /** Puts a shard aside until it has something to read. */
  #await(shard: ShardReader<T>): void {
    this.#stop ??= newStop()
    const waited = shard.wait(this.#stop.signal)
    if (!isLater(waited)) {
      this.#ready.push(shard)
      return
    }
    this.#waiting += 1
    void this.#resume(shard, waited)
  }

  async #resume(shard: ShardReader<T>, waited: Promise<unknown>): Promise<void> {
    try {
      await waited
      if (!this.#finished) this.#ready.push(shard)
    } catch (error) {
      this.#failure ??= { error }
    }
    this.#waiting -= 1
    this.#wake?.()
  }

  /** Until a shard is ready or failed, the read was ended, or the caller's signal was aborted. */
  async #sleep(): Promise<void> {
    const { signal } = this.#guard
    this.#bytesInTurn = 0
    this.#recordsInTurn = 0
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    const release = signal && onAbort(signal, () => this.#wake?.())
    await woken
    release?.()
    this.#wake = undefined
  }

  /** A long read is a chain of promises that are all settled already: without this nothing else would run. */
  async #giveTurn(batch: RecordBatch<T>): Promise<void> {
    this.#recordsInTurn += batch.length
    this.#bytesInTurn += batch.retainedBytes
    if (this.#bytesInTurn < turnBytes && this.#recordsInTurn < turnRecords) return
    this.#bytesInTurn = 0
    this.#recordsInTurn = 0
    await nextTurn()
  }
}

function newStop(): AbortController {
  const stop = new AbortController()
  // One listener a waiting shard is no leak.
  setMaxListeners(0, stop.signal)
  return stop
}
