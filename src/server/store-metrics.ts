import { Counter, Gauge, type Registry } from 'prom-client'
import type { SyncStats } from '../log/sync-stats.ts'
import { type ShardMetricName, shardMetricNames } from '../streams/metric-names.ts'
import type { Store } from '../streams/store.ts'
import { minuteMs } from '../units.ts'
import { insideOf } from '../streams/store.ts'
import type { Durations } from './histogram.ts'
import { LatencyMetric } from './latency-metric.ts'
import { StoredBytes } from './stored-bytes.ts'
import { streamsMax } from './stream-figures.ts'

/** Shards of which metrics are shown, at most: streams by name, without those that have too many. */
export const shardsShownMax = 1_000

/** What a store holds, and what enhanced monitoring counted: looked up when somebody asks. */
export class StoreMetrics {
  readonly #store: Store
  readonly #held: StoredBytes = new StoredBytes()
  readonly #bytes: Gauge<'stream'>
  readonly #fileBytes: Gauge<'stream'>
  readonly #shards: Gauge<'stream'>
  readonly #limits: Gauge<'stream' | 'limit'>
  readonly #streams: Gauge
  readonly #byShard: ReadonlyMap<ShardMetricName, Gauge<'stream' | 'shard'>>
  /** As of the last look. */
  #syncs: SyncStats | undefined

  constructor(store: Store, registers: Registry[]) {
    this.#store = store
    const note = `; of the first ${streamsMax} streams by name as far as they have ${shardsShownMax} shards together`
    const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> =>
      new Gauge({ name, help, labelNames, registers })
    this.#streams = gauge('millrace_streams', 'Streams of the store')
    this.#shards = gauge('millrace_stream_shards', `Open shards of a stream${note}`, 'stream')
    this.#bytes = gauge('millrace_stream_bytes', `Stored records with their frames${note}`, 'stream')
    this.#fileBytes = gauge(
      'millrace_stream_file_bytes',
      `What a stream's files take at most${note}`,
      'stream',
    )
    this.#limits = gauge(
      'millrace_stream_limits_met',
      `How often a limit of AWS refused something since the start, or would have${note}`,
      'stream',
      'limit',
    )
    this.#byShard = new Map(
      shardMetricNames.map((name) => [
        name,
        gauge(
          `kinesis_shard_${snakeCase(name)}`,
          `${name} of a shard in the last complete minute, where enhanced monitoring is on${note}`,
          'stream',
          'shard',
        ),
      ]),
    )
    this.#syncMetrics(registers)
  }

  #syncMetrics(registers: Registry[]): void {
    const syncs = (): SyncStats | undefined => this.#syncs
    const times = new LatencyMetric({
      name: 'millrace_store_sync_seconds',
      help: "How long each sync of the store's files took, since it was opened",
      look: () => {
        const shown = syncs()
        return shown === undefined ? [] : [{ labels: {}, latency: durationsOf(shown) }]
      },
    })
    for (const registry of registers) registry.registerMetric(times)
    const failures = new Counter({
      name: 'millrace_store_sync_failures_total',
      help: 'Of them, those that failed',
      registers,
      collect() {
        this.reset()
        this.inc(syncs()?.failed ?? 0)
      },
    })
    void failures
  }

  /** Takes the figures of now. */
  async look(): Promise<void> {
    this.#syncs = (await this.#store.stats()).syncs
    const descriptions = this.#store.listStreams()
    for (const gauge of [
      this.#shards,
      this.#bytes,
      this.#fileBytes,
      this.#limits,
      ...this.#byShard.values(),
    ]) {
      gauge.reset()
    }
    this.#streams.set(descriptions.length)
    this.#held.begin()
    let shards = 0
    for (const { name, shardCount, monitoring } of descriptions.slice(0, streamsMax)) {
      if (shards + shardCount > shardsShownMax) continue
      shards += shardCount
      try {
        await this.#lookAt(name, shardCount, monitoring.length > 0)
      } catch {
        // It was deleted meanwhile, or cannot be read: the others can.
      }
    }
  }

  async #lookAt(name: string, shardCount: number, monitored: boolean): Promise<void> {
    const stream = this.#store.stream(name)
    this.#shards.set({ stream: name }, shardCount)
    for (const { limits } of stream.limitReport().shards) {
      for (const [limit, { times }] of Object.entries(limits))
        this.#limits.inc({ stream: name, limit }, times)
    }
    if (monitored) {
      const nowMs = insideOf(this.#store).time.nowMs()
      const fromMs = Math.max(0, (Math.floor(nowMs / minuteMs) - 1) * minuteMs)
      for (const { shardId, values } of stream.metrics({ fromMs, toMs: fromMs + minuteMs })) {
        for (const [metric, gauge] of this.#byShard) {
          const value = values[metric]
          if (value !== undefined) gauge.set({ stream: name, shard: shardId }, value)
        }
      }
    }
    const { account, region } = this.#store.account
    const held = await this.#held.of(insideOf(this.#store).core({ account, region, name }))
    if (held === undefined) return
    this.#bytes.set({ stream: name }, held.bytes)
    this.#fileBytes.set({ stream: name }, held.fileBytes)
  }
}

function durationsOf({ count, seconds, buckets }: SyncStats): Durations {
  return {
    bounds: buckets.slice(0, -1).map(({ upToSeconds }) => upToSeconds),
    counts: buckets.map((bucket) => bucket.count),
    count,
    seconds,
  }
}

/** `IncomingBytes` as `incoming_bytes`. */
function snakeCase(name: string): string {
  return name.replaceAll(/(?<!^)[A-Z]/g, '_$&').toLowerCase()
}
