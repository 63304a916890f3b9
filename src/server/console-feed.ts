import { nextTurn } from '../clock.ts'
import type { LogStats } from '../log/log.ts'
import type { StreamState } from '../meta/state.ts'
import { streamId } from '../meta/state.ts'
import { isInternal } from '../streams/internal-streams.ts'
import type { Shard } from '../streams/shard.ts'
import { insideOf, type Store, type StoreInside } from '../streams/store.ts'
import type { StreamCore } from '../streams/stream-core.ts'
import { minuteMs, secondMs } from '../units.ts'
import { type DeliveryRow, deliveryRows } from './console-deliveries.ts'

/** Between two looks at what was stored. */
const sampleMs = secondMs
/** After a change of the streams it is told this soon, so that a burst of them is told once. */
const changeMs = 50
/** Logs that are opened for a look at one time: those of shards that nobody has used yet. */
const visitsMax = 64
/** Shards that are looked at before the event loop gets a turn. */
const shardsInTurn = 64
/** Iterator ages of this long are looked at: those of the minute that is not over, and of the one before. */
const iteratorAgeMs = 2 * minuteMs

/** What a shard holds, and what comes in, at the moment of a sample. */
export interface ShardSample {
  readonly index: number
  /** Records that can be read, at most. */
  readonly records: number
  /** With their frames. */
  readonly bytes: number
  readonly recordsPerSecond: number
  readonly bytesPerSecond: number
  /** Arrivals, milliseconds since 1970; `undefined` if there is none. */
  readonly oldestMs: number | undefined
  readonly newestMs: number | undefined
  /** Offset that the next record gets at the earliest. */
  readonly next: number
}

/** A stream at the moment of a sample. */
export interface StreamSample {
  readonly id: string
  readonly core: StreamCore
  readonly state: StreamState
  /** By index; without those that nobody has looked at yet. */
  readonly shards: readonly ShardSample[]
  /**
   * How old records were when they were read in the last two minutes, the greatest of each shard, by its index,
   * milliseconds. Only of shards that were read and whose iterator age enhanced monitoring keeps.
   */
  readonly iteratorAges: ReadonlyMap<number, number>
}

/** All streams at one moment. */
export interface StoreSample {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly streams: ReadonlyMap<string, StreamSample>
  readonly deliveries: readonly DeliveryRow[]
}

/** What was seen of a shard last. */
interface Seen {
  readonly sample: ShardSample
  /** Monotonic, milliseconds. */
  readonly atMs: number
}

/**
 * What happens in a store, for as long as somebody watches: a sample each second and soon after streams have changed, taken
 * once for all that watch. When nobody does, nothing runs and nothing is kept.
 */
export class ConsoleFeed {
  readonly #store: Store
  readonly #inside: StoreInside
  readonly #watches: Set<ConsoleWatch> = new Set()
  #seen: WeakMap<Shard, Seen> = new WeakMap()
  #latest: StoreSample | undefined
  #cancelTimer: (() => void) | undefined
  #stopListening: (() => void) | undefined
  #sampling = false
  #changed = false
  #dueMs = 0

  constructor(store: Store) {
    this.#store = store
    this.#inside = insideOf(store)
  }

  /** How many watch. */
  get watches(): number {
    return this.#watches.size
  }

  /** Begins to watch; `end` ends it, and so does the signal. */
  watch(signal: AbortSignal): ConsoleWatch {
    const watch = new ConsoleWatch(signal, () => this.#forget(watch))
    this.#watches.add(watch)
    if (this.#latest !== undefined) watch.show(this.#latest)
    if (this.#stopListening === undefined) {
      this.#stopListening = this.#inside.meta.onChange((command) => {
        if (command.kind !== 'setDocument' && command.kind !== 'deleteDocument') this.#streamsChanged()
      })
      void this.#sample()
    }
    return watch
  }

  #forget(watch: ConsoleWatch): void {
    if (!this.#watches.delete(watch) || this.#watches.size > 0) return
    this.#stopListening?.()
    this.#stopListening = undefined
    this.#cancelTimer?.()
    // A timer that is set means that a sample is due: whoever comes next would wait for it for ever.
    this.#cancelTimer = undefined
    this.#latest = undefined
    this.#seen = new WeakMap()
  }

  #streamsChanged(): void {
    this.#changed = true
    if (!this.#sampling) this.#expect(changeMs)
  }

  /** The next sample is due in `ms`, unless one is due before. */
  #expect(ms: number): void {
    const { clock } = this.#inside
    const dueMs = clock.monotonicMs() + ms
    if (this.#cancelTimer !== undefined && this.#dueMs <= dueMs) return
    this.#cancelTimer?.()
    this.#dueMs = dueMs
    this.#cancelTimer = clock.after(ms, () => {
      this.#cancelTimer = undefined
      void this.#sample()
    })
  }

  async #sample(): Promise<void> {
    if (this.#sampling) return
    this.#sampling = true
    this.#changed = false
    try {
      const sample = await this.#take()
      if (this.#watches.size === 0) return
      this.#latest = sample
      for (const watch of this.#watches) watch.show(sample)
    } catch {
      // The store is being closed, or a log cannot be read now: the next look tells.
    } finally {
      this.#sampling = false
      if (this.#watches.size > 0) this.#expect(this.#changed ? changeMs : sampleMs)
    }
  }

  async #take(): Promise<StoreSample> {
    const { meta, time } = this.#inside
    const streams = new Map<string, StreamSample>()
    const visits = { left: visitsMax }
    let looked = 0
    for (const { key } of Array.from(meta.state.streams.values())) {
      const id = streamId(key)
      // It may have gone while others were looked at.
      if (isInternal(key) || !meta.state.streams.has(id)) continue
      const core = this.#inside.core(key)
      const shards: ShardSample[] = []
      for (const shard of core.readableShards) {
        looked += 1
        if (looked % shardsInTurn === 0) await nextTurn()
        const sample = await this.#look(core, shard, visits)
        if (sample !== undefined) shards.push(sample)
      }
      streams.set(id, { id, core, state: core.state, shards, iteratorAges: agesOf(core, time.nowMs()) })
    }
    const atMs = time.nowMs()
    return { atMs, streams, deliveries: deliveryRows(this.#store, atMs) }
  }

  /** A shard whose log is not open has not changed; one that was never looked at is, if there is time. */
  async #look(core: StreamCore, shard: Shard, visits: { left: number }): Promise<ShardSample | undefined> {
    const seen = this.#seen.get(shard)
    const nowMs = this.#inside.clock.monotonicMs()
    const log = shard.opened
    if (log === undefined && (seen !== undefined || visits.left === 0)) {
      return seen && { ...seen.sample, recordsPerSecond: 0, bytesPerSecond: 0 }
    }
    // Rates of less than a second would jump.
    if (seen !== undefined && nowMs - seen.atMs < sampleMs * 0.9) return seen.sample
    if (log === undefined) visits.left -= 1
    try {
      const [stats, visible] = await shard.visit(async (it) => {
        const first = await it.seek(core.horizonMs())
        return [await it.stats(), first] as const
      })
      const sample = sampleOf(shard.index, stats, visible, seen && { ...seen, nowMs })
      this.#seen.set(shard, { sample, atMs: nowMs })
      return sample
    } catch {
      // The stream is being deleted, or the shard was dropped.
      return seen?.sample
    }
  }
}

function agesOf({ meter, shards }: StreamCore, nowMs: number): ReadonlyMap<number, number> {
  const ages = new Map<number, number>()
  if (meter === undefined) return ages
  const indexOf = new Map(shards.map(({ id, index }) => [id, index]))
  for (const { shardId, values } of meter.report(nowMs - iteratorAgeMs, nowMs + minuteMs)) {
    const index = indexOf.get(shardId)
    const age = values.IteratorAgeMilliseconds
    if (index !== undefined && age !== undefined) ages.set(index, Math.max(age, ages.get(index) ?? 0))
  }
  return ages
}

function sampleOf(
  index: number,
  stats: LogStats,
  visible: number,
  before: (Seen & { readonly nowMs: number }) | undefined,
): ShardSample {
  const records = Math.max(0, stats.next - Math.max(visible, stats.first))
  const seconds = before === undefined ? 0 : (before.nowMs - before.atMs) / secondMs
  const rate = (now: number, then: number): number => (seconds > 0 ? Math.max(0, now - then) / seconds : 0)
  return {
    index,
    records,
    bytes: stats.bytes,
    recordsPerSecond: rate(stats.next, before?.sample.next ?? 0),
    bytesPerSecond: rate(stats.bytes, before?.sample.bytes ?? 0),
    oldestMs: records === 0 ? undefined : stats.firstTimeMs,
    newestMs: records === 0 ? undefined : stats.lastTimeMs,
    next: stats.next,
  }
}

/** Somebody who watches. Whoever is slow misses samples, and keeps none waiting. */
export class ConsoleWatch {
  readonly #signal: AbortSignal
  readonly #forget: () => void
  readonly #onAbort = (): void => this.end()
  #unseen: StoreSample | undefined
  #wake: (() => void) | undefined
  #ended = false

  /** `ConsoleFeed.watch` makes these. */
  constructor(signal: AbortSignal, forget: () => void) {
    this.#signal = signal
    this.#forget = forget
    signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signal.aborted) this.#ended = true
  }

  /** There is something new. */
  show(sample: StoreSample): void {
    this.#unseen = sample
    this.#wake?.()
  }

  /** The newest sample that it has not had; waits for it. `undefined` when it is over. */
  async next(): Promise<StoreSample | undefined> {
    while (this.#unseen === undefined && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#ended) return undefined
    const sample = this.#unseen
    this.#unseen = undefined
    return sample
  }

  end(): void {
    this.#ended = true
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#wake?.()
    this.#forget()
  }
}
