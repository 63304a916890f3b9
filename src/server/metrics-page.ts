import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Counter, Gauge, Registry } from 'prom-client'
import { insideOf, type Store } from '../streams/store.ts'
import { DeliveryMetrics } from './delivery-metrics.ts'
import { LatencyMetric } from './latency-metric.ts'
import { loopDelaySeconds, loopResolutionMs } from './loop-delay.ts'
import { processMetrics } from './process-metrics.ts'
import type { RequestFigures } from './request-figures.ts'
import type { StoreHealth } from './store-health.ts'
import { StoreMetrics } from './store-metrics.ts'
import type { StreamFigures } from './stream-figures.ts'
import { streamMetrics } from './stream-metrics.ts'

/** What `/metrics` shows. */
export interface MetricsSources {
  readonly store: Store
  readonly requests: RequestFigures
  readonly streams: StreamFigures
  readonly health: StoreHealth
  /** Connections of all protocols, and sessions of HTTP/2. */
  connections(): { readonly all: number; readonly http2: number }
  /** Requests that are being answered, and those of them that are subscriptions. */
  underWay(): { readonly requests: number; readonly subscriptions: number }
}

/** Every figure as Prometheus reads it, in a registry of its own. */
export class MetricsPage {
  readonly #registry: Registry = new Registry()
  readonly #sources: MetricsSources
  readonly #store: StoreMetrics
  readonly #deliveries: DeliveryMetrics
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({
    resolution: loopResolutionMs,
  })

  constructor(sources: MetricsSources) {
    this.#sources = sources
    const registers = [this.#registry]
    this.#loopDelay.enable()
    this.#requestMetrics(registers)
    this.#serverMetrics(registers)
    streamMetrics(sources.streams, registers)
    this.#store = new StoreMetrics(sources.store, registers)
    this.#deliveries = new DeliveryMetrics(sources.store, registers)
  }

  async show(): Promise<{ readonly contentType: string; readonly text: string }> {
    const { store, streams } = this.#sources
    // Of whatever account and region: that is how they are counted.
    const names = new Set(Array.from(insideOf(store).meta.state.streams.values(), ({ key }) => key.name))
    streams.keep((name) => names.has(name))
    await this.#store.look()
    this.#deliveries.look()
    const all = Registry.merge([processMetrics(), this.#registry])
    return { contentType: all.contentType, text: await all.metrics() }
  }

  close(): void {
    this.#loopDelay.disable()
    this.#registry.clear()
  }

  #requestMetrics(registers: Registry[]): void {
    const { requests } = this.#sources
    const labelNames = ['operation', 'status', 'protocol', 'service'] as const
    const labelsOf = ({ operation, service, status, protocol }: (typeof requests.kinds)[number]) => ({
      operation,
      status: String(status),
      protocol,
      service,
    })
    const total = new Counter({
      name: 'millrace_requests_total',
      help: 'Requests to the services that were answered, by operation, service, status and version of HTTP',
      labelNames,
      registers,
      collect() {
        this.reset()
        for (const kind of requests.kinds) this.inc(labelsOf(kind), kind.latency.count)
      },
    })
    const duration = new LatencyMetric({
      name: 'millrace_request_duration_seconds',
      help: 'From the end of a request to its answer, or to the beginning of its stream of events',
      look: () => requests.kinds.map((kind) => ({ labels: labelsOf(kind), latency: kind.latency })),
    })
    this.#registry.registerMetric(duration)
    const bodyBytes = new Counter({
      name: 'millrace_body_bytes_total',
      help: 'Bytes of bodies; those of streams of events are not counted',
      labelNames: ['direction'],
      registers,
      collect() {
        this.reset()
        this.inc({ direction: 'in' }, requests.bodyBytesIn)
        this.inc({ direction: 'out' }, requests.bodyBytesOut)
      },
    })
    const { limits } = insideOf(this.#sources.store)
    const limited = new Counter({
      name: 'millrace_api_limits_met',
      help: 'How often a limit of AWS refused a call of the control plane since the start, or would have',
      labelNames: ['operation'],
      registers,
      collect() {
        this.reset()
        for (const [operation, times] of limits?.callsMet ?? []) this.inc({ operation }, times)
      },
    })
    void [total, bodyBytes, limited]
  }

  #serverMetrics(registers: Registry[]): void {
    const { connections, underWay, health } = this.#sources
    const loopDelay = this.#loopDelay
    gauge(registers, 'millrace_connections', 'Connections that are open', () => connections().all)
    gauge(registers, 'millrace_http2_sessions', 'Of them, those of HTTP/2', () => connections().http2)
    gauge(
      registers,
      'millrace_requests_under_way',
      'Requests that are being answered',
      () => underWay().requests,
    )
    gauge(
      registers,
      'millrace_subscriptions',
      'Subscriptions that are being sent',
      () => underWay().subscriptions,
    )
    gauge(registers, 'millrace_store_usable', '1 while the store takes records, else 0', () =>
      health.trouble() === undefined ? 1 : 0,
    )
    gauge(
      registers,
      'millrace_event_loop_delay_p99_seconds',
      'How late the event loop was at most in 99 of 100 turns, since the first look at these figures',
      () => loopDelaySeconds(loopDelay),
    )
  }
}

function gauge(registers: Registry[], name: string, help: string, value: () => number): void {
  const made = new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(value())
    },
  })
  void made
}
