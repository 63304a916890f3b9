import type { ProcessingConfiguration } from '../configuration.ts'
import type { DeliveryRecord, FailedRecord } from '../delivery-record.ts'
import type { Processed, Processor } from '../processor.ts'
import { CloudWatchMessagesStep } from './cloudwatch-messages.ts'
import { DeaggregationStep } from './deaggregation.ts'
import { DecompressionStep } from './decompression.ts'
import { DelimiterStep } from './delimiter.ts'
import { QueryStep } from './query-step.ts'
import { RecordFormatStep } from './record-format.ts'
import type { PassingRecord, Step } from './step.ts'
import { type TransformContext, TransformStep } from './transform.ts'

/** What a processor needs beside its configuration. */
export type ProcessorContext = TransformContext

/**
 * The steps of a configuration, in the order of the service whatever theirs was. The configuration was checked before, its
 * query with `checkedQuery`.
 */
export class RecordProcessor implements Processor {
  readonly #steps: readonly Step[]

  constructor(configuration: ProcessingConfiguration, context: ProcessorContext) {
    this.#steps = [...stepsOf(configuration, context)]
  }

  async process(records: readonly DeliveryRecord[], signal: AbortSignal): Promise<Processed> {
    signal.throwIfAborted()
    let passing: readonly PassingRecord[] = records
    const failed: FailedRecord[] = []
    let dropped = 0
    let rest: readonly DeliveryRecord[] | undefined
    for (const step of this.#steps) {
      if (passing.length === 0) break
      const result = await step.apply(passing, signal)
      passing = result.records
      rest ??= result.rest
      // One record may have become hundreds of thousands: too many for the arguments of a call.
      for (const each of result.failed) failed.push(each)
      dropped += result.dropped
    }
    return { records: passing, failed, dropped, rest }
  }

  async close(): Promise<void> {
    await Promise.all(this.#steps.map((step) => step.close?.()))
  }
}

function* stepsOf(configuration: ProcessingConfiguration, context: ProcessorContext): Generator<Step> {
  const { format, decompression, cloudWatchMessages, deaggregation, transform, query, delimiter } =
    configuration
  if (decompression !== undefined) yield new DecompressionStep()
  if (format !== undefined) yield new RecordFormatStep(format)
  if (cloudWatchMessages === true) yield new CloudWatchMessagesStep()
  if (deaggregation !== undefined) yield new DeaggregationStep(deaggregation)
  if (transform !== undefined) yield new TransformStep(transform, context)
  if (query !== undefined) yield new QueryStep(query)
  if (delimiter !== undefined && delimiter !== '') yield new DelimiterStep(delimiter)
}
