import { Histogram } from 'prom-client'
import type { Durations } from './histogram.ts'

/** What a histogram shows of one set of labels. */
export interface ShownLatency {
  readonly labels: Readonly<Record<string, string>>
  readonly latency: Durations
}

/** A histogram of Prometheus that counts nothing itself: it shows what was counted elsewhere. */
export class LatencyMetric extends Histogram {
  readonly #look: () => readonly ShownLatency[]
  readonly #name: string
  readonly #help: string

  constructor({
    name,
    help,
    look,
  }: {
    readonly name: string
    readonly help: string
    /** Called at each look. */
    readonly look: () => readonly ShownLatency[]
  }) {
    super({ name, help, registers: [] })
    this.#name = name
    this.#help = help
    this.#look = look
  }

  override get(): ReturnType<Histogram['get']> {
    return this.getForPromString()
  }

  /** What the registry asks for. */
  async getForPromString(): ReturnType<Histogram['get']> {
    const values = this.#look().flatMap((shown) => linesOf(this.#name, shown))
    return {
      name: this.#name,
      help: this.#help,
      type: 'histogram',
      values,
      aggregator: 'sum',
    } as unknown as Awaited<ReturnType<Histogram['get']>>
  }
}

function linesOf(name: string, { labels, latency }: ShownLatency): readonly unknown[] {
  let upTo = 0
  const buckets = latency.bounds.map((le, index) => {
    upTo += latency.counts[index] as number
    return { labels: { le, ...labels }, value: upTo, metricName: `${name}_bucket` }
  })
  return [
    ...buckets,
    { labels: { le: '+Inf', ...labels }, value: latency.count, metricName: `${name}_bucket` },
    { labels, value: latency.seconds, metricName: `${name}_sum` },
    { labels, value: latency.count, metricName: `${name}_count` },
  ]
}
