import { Counter, Gauge, type Registry } from 'prom-client'
import { LatencyMetric } from './latency-metric.ts'
import { otherStreams, type StreamFigures, streamsMax, type StreamTotals } from './stream-figures.ts'

type Value = (totals: StreamTotals) => number

const note = `; beyond ${streamsMax} streams the others are counted as ${otherStreams}`

/** CloudWatch's metrics of a stream, by their names there, with what each is here. */
const counters: readonly (readonly [name: string, help: string, value: Value])[] = [
  ['incoming_records', 'Records that were put', (t) => t.putRecord.records + t.putRecords.records],
  ['incoming_bytes', 'Keys and data that were put', (t) => t.putRecord.bytes + t.putRecords.bytes],
  ['put_record_success', 'PutRecord calls that succeeded', (t) => t.putRecord.success],
  ['put_record_bytes', 'Keys and data put by PutRecord', (t) => t.putRecord.bytes],
  [
    'put_records_success',
    'PutRecords calls that succeeded, for some record at least',
    (t) => t.putRecords.success,
  ],
  ['put_records_bytes', 'Keys and data put by PutRecords', (t) => t.putRecords.bytes],
  ['put_records_total_records', 'Records of PutRecords calls', (t) => t.putRecordsTotal],
  ['put_records_successful_records', 'Of them, those that were stored', (t) => t.putRecords.records],
  ['put_records_failed_records', 'Of them, those that failed in the store', (t) => t.putRecordsFailed],
  ['put_records_throttled_records', 'Of them, those that a limit refused', (t) => t.putRecordsThrottled],
  ['get_records_success', 'GetRecords calls that succeeded', (t) => t.getRecords.success],
  ['get_records_records', 'Records that GetRecords answered', (t) => t.getRecords.records],
  ['get_records_bytes', 'Keys and data that GetRecords answered', (t) => t.getRecords.bytes],
  ['read_provisioned_throughput_exceeded', 'GetRecords calls that a limit refused', (t) => t.readThrottled],
  ['write_provisioned_throughput_exceeded', 'Records that a limit refused', (t) => t.writeThrottled],
  ['subscribe_to_shard_success', 'SubscribeToShard calls that succeeded', (t) => t.subscribeToShard.success],
  [
    'subscribe_to_shard_rate_exceeded',
    'SubscribeToShard calls that were too many',
    (t) => t.subscribeThrottled,
  ],
  ['subscribe_to_shard_event_success', 'Events that were pushed', (t) => t.subscribeToShardEvents.success],
  ['subscribe_to_shard_event_records', 'Records that were pushed', (t) => t.subscribeToShardEvents.records],
  ['subscribe_to_shard_event_bytes', 'Keys and data that were pushed', (t) => t.subscribeToShardEvents.bytes],
]

const gauges: readonly (readonly [name: string, help: string, value: Value])[] = [
  [
    'get_records_iterator_age_milliseconds',
    'Age of the last record of the latest GetRecords call; 0 if it left none unread',
    (t) => t.iteratorAgeMs,
  ],
  [
    'subscribe_to_shard_event_millis_behind_latest',
    'How far the latest event was behind the newest record of its shard',
    (t) => t.eventBehindMs,
  ],
]

/** Calls whose latency CloudWatch has. */
const latencies = [
  ['put_record', 'PutRecord', 'putRecord'],
  ['put_records', 'PutRecords', 'putRecords'],
  ['get_records', 'GetRecords', 'getRecords'],
] as const

/** Registers what CloudWatch has of each stream. */
export function streamMetrics(figures: StreamFigures, registers: Registry[]): void {
  for (const [name, help, value] of counters) {
    const made = new Counter({
      name: `kinesis_${name}_total`,
      help: help + note,
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset()
        for (const [stream, totals] of figures.streams) this.inc({ stream }, value(totals))
      },
    })
    void made
  }
  for (const [name, help, value] of gauges) {
    const made = new Gauge({
      name: `kinesis_${name}`,
      help: help + note,
      labelNames: ['stream'],
      registers,
      collect() {
        this.reset()
        for (const [stream, totals] of figures.streams) this.set({ stream }, value(totals))
      },
    })
    void made
  }
  for (const [name, operation, calls] of latencies) {
    const latency = new LatencyMetric({
      name: `kinesis_${name}_latency_seconds`,
      help: `How long ${operation} calls that succeeded took${note}`,
      look: () =>
        [...figures.streams].map(([stream, totals]) => ({
          labels: { stream },
          latency: totals[calls].latency,
        })),
    })
    for (const registry of registers) registry.registerMetric(latency)
  }
}
