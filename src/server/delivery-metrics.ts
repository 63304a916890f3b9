import { Counter, Gauge, type Registry } from 'prom-client'
import { deliveredOf, type DeliveryMetric, type DeliveryStats } from '../firehose/delivery-stats.ts'
import { runningFirehose } from '../firehose/firehose.ts'
import type { Store } from '../streams/store.ts'
import { streamsMax } from './stream-figures.ts'

type Label = 'delivery_stream'
type Value = (stats: DeliveryStats) => number
/** What those of one name, in several accounts, have together. */
type Together = (values: readonly number[]) => number

const note = `; of the first ${streamsMax} delivery streams by name, those of one name together`

/** What is counted since a delivery began, which is when its delivery stream, or the server, was started or it was changed. */
const counters: readonly (readonly [name: string, help: string, value: Value])[] = [
  [
    'incoming_records',
    'IncomingRecords: records that were put, or read from the source',
    of('IncomingRecords'),
  ],
  ['incoming_bytes', 'IncomingBytes: their data', of('IncomingBytes')],
  [
    'delivered_records',
    'DeliveryToS3.Records, DeliveryToHttpEndpoint.Records, and what streams and functions took',
    (stats) => deliveredOf(stats, 'Records'),
  ],
  [
    'delivered_bytes',
    'DeliveryToS3.Bytes, DeliveryToHttpEndpoint.Bytes, and what streams and functions took',
    (stats) => deliveredOf(stats, 'Bytes'),
  ],
  [
    'deliveries',
    'Objects and calls that were taken, of which DeliveryToS3.Success and DeliveryToHttpEndpoint.Success have the share',
    (stats) => deliveredOf(stats, 'Success'),
  ],
  ['backup_records', 'BackupToS3.Records: records that the backup has', of('BackupToS3.Records')],
  ['backup_bytes', 'BackupToS3.Bytes: their data', of('BackupToS3.Bytes')],
  [
    'processed_records',
    'SucceedProcessing.Records: records that transformations answered',
    of('SucceedProcessing.Records'),
  ],
  [
    'converted_records',
    'SucceedConversion.Records: records that became Parquet',
    of('SucceedConversion.Records'),
  ],
  ['dropped_records', 'Records that transformations dropped', (stats) => stats.droppedRecords],
  [
    'failed_records',
    'Records that went to the error output, FailedConversion.Records among them',
    (stats) => stats.failedRecords,
  ],
  ['delivery_attempts', 'Attempts to deliver', (stats) => stats.attempts],
  ['delivery_failures', 'Of them, those that failed: they are tried again', (stats) => stats.failedAttempts],
  [
    'partition_count_exceeded',
    'PartitionCountExceeded: records beyond the most partitions that are active at once',
    of('PartitionCountExceeded'),
  ],
]

const gauges: readonly (readonly [name: string, help: string, value: Value, together: Together])[] = [
  [
    'data_freshness_seconds',
    'DeliveryToS3.DataFreshness, DeliveryToHttpEndpoint.DataFreshness: age of the oldest record that is not delivered',
    (stats) => stats.dataFreshnessMs / 1000,
    greatest,
  ],
  [
    'behind_latest_seconds',
    'KinesisMillisBehindLatest: how far the last batch was behind the newest record of the source',
    (stats) => stats.millisBehindLatest / 1000,
    greatest,
  ],
  ['buffered_records', 'Records in buffers', (stats) => stats.bufferedRecords, sum],
  ['buffered_bytes', 'Their data', (stats) => stats.bufferedBytes, sum],
  ['spilled_bytes', 'What of it lies in files', (stats) => stats.spilledBytes, sum],
  [
    'partitions',
    'PartitionCount: partitions with records that are not delivered',
    (stats) => stats.partitionCount,
    sum,
  ],
]

/** What the delivery streams of a store do, with what CloudWatch has of them: looked up when somebody asks. */
export class DeliveryMetrics {
  readonly #store: Store
  readonly #count: Gauge
  readonly #running: Gauge<Label>
  readonly #metrics: readonly (readonly [Counter<Label> | Gauge<Label>, Value, Together])[]

  constructor(store: Store, registers: Registry[]) {
    this.#store = store
    const labelNames = ['delivery_stream'] as const
    this.#count = new Gauge({
      name: 'millrace_delivery_streams',
      help: 'Delivery streams of the store, and channels',
      registers,
    })
    this.#running = new Gauge({
      name: 'firehose_delivering',
      help: `How many of this name deliver; 0 while it is being created or deleted, or cannot begin${note}`,
      labelNames,
      registers,
    })
    const ofName = (name: string, help: string) => ({
      name: `firehose_${name}`,
      help: help + note,
      labelNames,
      registers,
    })
    this.#metrics = [
      ...counters.map(
        ([name, help, value]) => [new Counter(ofName(`${name}_total`, help)), value, sum] as const,
      ),
      ...gauges.map(
        ([name, help, value, together]) => [new Gauge(ofName(name, help)), value, together] as const,
      ),
    ]
  }

  /** Takes the figures of now. */
  look(): void {
    for (const metric of [this.#running, ...this.#metrics.map(([made]) => made)]) metric.reset()
    const firehose = runningFirehose(this.#store)
    const states = firehose?.everywhere() ?? []
    this.#count.set(states.length)
    const running = new Map<string, DeliveryStats[]>()
    for (const { key } of states) {
      const stats = firehose?.stats(key) ?? []
      running.set(key.name, (running.get(key.name) ?? []).concat(stats))
    }
    const names = [...running.keys()].toSorted().slice(0, streamsMax)
    for (const name of names) {
      const labels = { delivery_stream: name }
      const those = running.get(name) ?? []
      this.#running.set(labels, those.length)
      if (those.length === 0) continue
      for (const [metric, value, together] of this.#metrics) metric.inc(labels, together(those.map(value)))
    }
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function greatest(values: readonly number[]): number {
  return Math.max(...values)
}

function of(metric: DeliveryMetric): Value {
  return (stats) => stats.metrics[metric]
}
