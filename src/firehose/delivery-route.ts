import { join } from 'node:path'
import { Lane, type LaneHost, type LaneRules } from './buffers/lane.ts'
import type { RecordBuffer } from './buffers/record-buffer.ts'
import type { BatchMark, Checkpoint } from './checkpoint.ts'
import type { ObjectsDestination, ObjectTarget, RecordsDestination } from './configuration.ts'
import type { DeliveryHost } from './delivery-host.ts'
import { bucketArn, type DeliveryJournal, deliveryArn } from './delivery-journal.ts'
import type { Naming } from './delivery-parts.ts'
import type { DeliveryRecord, FailedRecord, ProcessedRecord } from './delivery-record.ts'
import type { SourceBatch } from './delivery-source.ts'
import { type DeliveryCounters, type DeliveryGroup, groupOf } from './delivery-stats.ts'
import type { DeliveryError } from './destination.ts'
import { ErrorDelivery } from './error-delivery.ts'
import { ErrorOutput } from './error-output.ts'
import { failureText } from './failure-text.ts'
import { ObjectDelivery, type ObjectHost } from './object-delivery.ts'
import type { Processed, Processor } from './processor.ts'
import { RecordDelivery } from './record-delivery.ts'
import { type Ending, insisted, type RetryHost } from './retry.ts'
import { Slots } from './slots.ts'

/** Partitions of one delivery stream that hold records (Firehose developer guide, "Dynamic partitioning"). */
const activePartitionsMax = 500
/** Objects of one delivery stream that are on their way at once, and those of one of its partitions. */
const objectsAtOnce = 16
const objectsOfPartition = 4

/** What a route shares with the delivery that it is of. */
export interface RouteContext {
  readonly checkpoint: Checkpoint
  readonly ending: Ending
  readonly counters: DeliveryCounters
  readonly journal: DeliveryJournal
}

/** Somebody who is closed with the route. */
interface Closable {
  close?(): Promise<void>
}

/** The way of records from the source to where they are safe: processing, buffers, destinations. */
export class DeliveryRoute {
  readonly #host: DeliveryHost
  readonly #context: RouteContext
  readonly #retry: RetryHost
  readonly #folder: string
  readonly #parts: Closable[] = []
  readonly #lanes: Lane[] = []
  /** Those of error outputs: what cannot be delivered elsewhere ends here. */
  readonly #errorLanes: Lane[] = []
  #files = 0
  #processor: Processor | undefined
  #main: Lane | undefined
  #backup: Lane | undefined
  #errors: ErrorOutput | undefined
  /** Sorts records by what was found in them. */
  #naming: Naming | undefined

  constructor(host: DeliveryHost, context: RouteContext) {
    this.#host = host
    this.#context = context
    this.#folder = join(host.folder, host.state.id)
    this.#retry = { clock: host.clock, ending: context.ending, random: () => host.parts.random() }
  }

  /** Makes all it consists of. Rejects if something cannot be made; then it is to be closed. */
  async open(): Promise<void> {
    const { parts, state } = this.#host
    const { destination, processing } = state.configuration
    const objects: ObjectHost = {
      destination: this.#closing(await parts.objects(state)),
      retry: this.#retry,
      counters: this.#context.counters,
      journal: this.#context.journal,
      slots: new Slots(objectsAtOnce),
    }
    if (Object.values(processing).some((step) => step !== undefined && step !== false)) {
      this.#processor = this.#closing(await parts.processor(state))
    }
    if (destination.kind === 'objects') await this.#openObjects(destination, objects)
    else await this.#openReceiver(destination, objects)
  }

  /** Partitions that hold records. */
  get partitions(): number {
    return this.#main?.partitions ?? 0
  }

  *buffers(): Generator<RecordBuffer, void, undefined> {
    for (const lane of this.#lanes) yield* lane.buffers()
  }

  /**
   * Takes a batch: resolves once every record is in buffers, which hold the batch, or done. Rejects with the signal's
   * reason while nothing of it is in buffers, and with `Stopped`.
   */
  async take(batch: SourceBatch, mark: BatchMark, signal: AbortSignal): Promise<void> {
    let processed = this.#processor && (await this.#process(this.#processor, batch.records, signal))
    if (this.#backup !== undefined) await append(this.#backup, batch.records, mark)
    await this.#buffer(processed ?? { records: batch.records, failed: [] }, mark)
    while (this.#processor !== undefined && processed?.rest !== undefined && processed.rest.length > 0) {
      // Not to be given up any more but with all that is in buffers: those records would come twice.
      processed = await this.#process(this.#processor, processed.rest, this.#retry.ending.over)
      await this.#buffer(processed, mark)
    }
    for (const lane of this.#lanes) if (lane.atOnce) lane.flush()
  }

  async #buffer({ records, failed }: Pick<Processed, 'records' | 'failed'>, mark: BatchMark): Promise<void> {
    const { destination } = this.#host.state.configuration
    const main = this.#main as Lane
    if (destination.kind === 'objects' && destination.partitioned) await this.#sort(records, main, mark)
    else await append(main, records, mark)
    await (this.#errors as ErrorOutput).add(failed, mark)
  }

  /** Resolves once all that is in buffers is safe, or never will be. */
  async settled(): Promise<void> {
    await Promise.all([this.#main?.settled(), this.#backup?.settled()])
    await Promise.all(this.#errorLanes.map((lane) => lane.settled()))
  }

  /** Drops what is in buffers and closes all parts. The delivery must have ended. */
  async close(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.release()))
    await Promise.allSettled(this.#parts.toReversed().map((part) => part.close?.()))
  }

  async #openObjects(destination: ObjectsDestination, objects: ObjectHost): Promise<void> {
    const { parts, state } = this.#host
    const { target, conversion, backup, retryMs } = destination
    this.#naming = await parts.naming(target, state)
    const converter = conversion && this.#closing(await parts.converter(conversion))
    const encoder = this.#closing(await parts.encoder(target.compression))
    this.#errors = this.#errorOutput(target, this.#naming, objects, undefined)
    const group = groupOf(state.configuration)
    const rules = { target, naming: this.#naming, encoder, converter, retryMs, group }
    const delivery = new ObjectDelivery({ ...rules, errors: this.#errors }, objects)
    this.#main = this.#lane(
      { hints: target.buffering, keepsOrigins: conversion !== undefined, deliveringMax: objectsOfPartition },
      (buffer, mark) => delivery.deliver(buffer, mark),
    )
    if (backup === undefined) return
    const naming = await parts.naming(backup, state)
    this.#backup = await this.#backupLane(
      backup,
      naming,
      this.#errorOutput(backup, naming, objects, undefined),
      objects,
    )
  }

  async #openReceiver(configuration: RecordsDestination, objects: ObjectHost): Promise<void> {
    const { parts, state } = this.#host
    const { backup, to, buffering, backupOf } = configuration
    const naming = await parts.naming(backup, state)
    const errors = this.#errorOutput(backup, naming, objects, 'BackupToS3')
    this.#errors = errors
    const delivery = new RecordDelivery({
      configuration,
      destination: this.#closing(await parts.receiver(to, state)),
      group: groupOf(state.configuration),
      retry: this.#retry,
      counters: this.#context.counters,
      journal: this.#context.journal,
      errors,
      uuid: () => parts.uuid(),
    })
    this.#main = this.#lane({ hints: buffering, keepsOrigins: true, deliveringMax: 1 }, (buffer, mark) =>
      delivery.deliver(buffer, mark),
    )
    if (backupOf === 'all') this.#backup = await this.#backupLane(backup, naming, errors, objects)
  }

  async #backupLane(
    target: ObjectTarget,
    naming: Naming,
    errors: ErrorOutput,
    objects: ObjectHost,
  ): Promise<Lane> {
    const encoder = this.#closing(await this.#host.parts.encoder(target.compression))
    const rules = { target, naming, encoder, converter: undefined, group: 'BackupToS3', errors } as const
    const delivery = new ObjectDelivery(rules, objects)
    return this.#lane(
      { hints: target.buffering, keepsOrigins: false, deliveringMax: objectsOfPartition },
      (buffer, mark) => delivery.deliver(buffer, mark),
    )
  }

  #errorOutput(
    target: ObjectTarget,
    naming: Naming,
    objects: ObjectHost,
    group: DeliveryGroup | undefined,
  ): ErrorOutput {
    const { clock, memory, state } = this.#host
    const { counters, journal } = this.#context
    const { bucket, errorBucket = bucket } = target
    const delivery = new ErrorDelivery({ bucket: errorBucket, naming, group }, objects)
    const rules = { hints: target.buffering, keepsOrigins: false, deliveringMax: 1 }
    const lane = this.#lane(rules, (buffer, _, type) => delivery.deliver(buffer, type))
    this.#errorLanes.push(lane)
    const { destination } = state.configuration
    const table = destination.kind === 'objects' ? destination.conversion?.table : undefined
    const { region } = state.key
    return new ErrorOutput({
      clock,
      memory,
      counters,
      lane,
      table,
      region,
      destination: bucketArn(errorBucket),
      journal,
    })
  }

  #lane(rules: LaneRules, deliver: LaneHost['deliver']): Lane {
    const { clock, memory, state } = this.#host
    const { checkpoint, journal } = this.#context
    const nextPath = (): string => {
      this.#files += 1
      return join(this.#folder, `${this.#files}.spill`)
    }
    const note = ({ code, message }: DeliveryError): void => journal.note(deliveryArn(state), code, message)
    const lane = new Lane(rules, {
      clock,
      memory,
      checkpoint,
      nextPath,
      deliver: (...load) => insisted(() => deliver(...load), note, this.#retry),
    })
    this.#lanes.push(lane)
    return lane
  }

  #closing<Part extends Closable>(part: Part): Part {
    this.#parts.push(part)
    return part
  }

  async #process(
    processor: Processor,
    records: readonly DeliveryRecord[],
    signal: AbortSignal,
  ): Promise<Processed> {
    const { counters } = this.#context
    const startedAtMs = this.#host.clock.monotonicMs()
    const processed = await processor.process(records, signal)
    const { metrics } = counters
    metrics['ExecuteProcessing.Duration'] += this.#host.clock.monotonicMs() - startedAtMs
    metrics['ExecuteProcessing.Success'] += 1
    metrics['SucceedProcessing.Records'] += processed.records.length
    for (const { data } of processed.records) metrics['SucceedProcessing.Bytes'] += data.byteLength
    counters.droppedRecords += processed.dropped
    return processed
  }

  /** Into the buffers of the partitions that they belong to. */
  async #sort(records: readonly ProcessedRecord[], lane: Lane, mark: BatchMark): Promise<void> {
    const naming = this.#naming as Naming
    const failed: FailedRecord[] = []
    for (const record of records) {
      let partition: string
      try {
        partition = naming.partitionOf(record.keys)
      } catch (error) {
        failed.push(unnamed(record, error))
        continue
      }
      if (lane.partitions >= activePartitionsMax && !lane.has(partition)) {
        this.#context.counters.metrics.PartitionCountExceeded += 1
        failed.push(exceeding(record))
        continue
      }
      let room = lane.append(partition, record.keys, record, mark)
      while (room !== undefined) {
        await room
        room = lane.append(partition, record.keys, record, mark)
      }
    }
    await (this.#errors as ErrorOutput).add(failed, mark)
  }
}

async function append(lane: Lane, records: readonly ProcessedRecord[], mark: BatchMark): Promise<void> {
  for (const record of records) {
    let room = lane.append('', undefined, record, mark)
    while (room !== undefined) {
      await room
      room = lane.append('', undefined, record, mark)
    }
  }
}

/** The keys of a record name no partition. */
function unnamed(record: ProcessedRecord, error: unknown): FailedRecord {
  const message = failureText(error)
  const known = error instanceof Error && 'code' in error ? error.code : undefined
  const code = typeof known === 'string' ? known : 'DynamicPartitioning.MetadataExtractionFailed'
  return { record, type: 'processing-failed', code, message, attempts: 1 }
}

function exceeding(record: ProcessedRecord): FailedRecord {
  const message = `more than ${activePartitionsMax} partitions hold records that are not delivered`
  const code = 'DynamicPartitioning.ActivePartitionExceeded'
  return { record, type: 'activePartitionExceeded', code, message, attempts: 1 }
}
