import type { ProcessingConfiguration } from '../../../firehose/configuration.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { ProcessingMembers, ProcessorType } from '../members.ts'
import {
  deaggregationOf,
  decompressionOf,
  delimiterOf,
  messageExtractionOf,
  type Parameters,
  parametersOf,
  queryOf,
  transformOf,
} from './processors.ts'

const processorsMax = 5

/**
 * What happens to records. Processors are judged whether they are enabled or not; those that are not do nothing. Their order
 * is the service's, whatever the request's is.
 *
 * @param partitioned dynamic partitioning is enabled
 */
export function processingOf(
  members: ProcessingMembers | undefined,
  partitioned: boolean,
): ProcessingConfiguration {
  const { Enabled: enabled = false, Processors: processors = [] } = members ?? {}
  if (enabled && (processors.length === 0 || processors.length > processorsMax)) {
    throw invalidArgumentFault(
      `A maximum of ${processorsMax} and a minimum of 1 processor needs to be supplied when processing is enabled.`,
    )
  }
  const parameters = new Map<ProcessorType, Parameters>()
  for (const processor of processors) {
    const own = parametersOf(processor)
    if (parameters.has(processor.Type)) {
      throw invalidArgumentFault(`Cannot have more than 1 ${processor.Type} processor.`)
    }
    parameters.set(processor.Type, own)
  }
  requireCompany(parameters, partitioned)
  const found = configurationOf(parameters)
  return enabled ? found : {}
}

/** What one processor needs beside it. */
function requireCompany(parameters: ReadonlyMap<ProcessorType, Parameters>, partitioned: boolean): void {
  for (const type of ['MetadataExtraction', 'RecordDeAggregation'] as const) {
    if (partitioned || !parameters.has(type)) continue
    // The words are the service's, class and all.
    throw invalidArgumentFault(
      `class com.amazonaws.services.firehose.internal.model.${type}Processor can only be present when Dynamic ` +
        'Partitioning is enabled.',
    )
  }
  if (parameters.has('CloudWatchLogProcessing') && !parameters.has('Decompression')) {
    throw invalidArgumentFault(
      'CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor',
    )
  }
}

function configurationOf(parameters: ReadonlyMap<ProcessorType, Parameters>): ProcessingConfiguration {
  const of = <Found>(type: ProcessorType, read: (own: Parameters) => Found): Found | undefined => {
    const own = parameters.get(type)
    return own === undefined ? undefined : read(own)
  }
  const all: ProcessingConfiguration = {
    decompression: of('Decompression', decompressionOf),
    cloudWatchMessages: of('CloudWatchLogProcessing', messageExtractionOf),
    deaggregation: of('RecordDeAggregation', deaggregationOf),
    transform: of('Lambda', transformOf),
    query: of('MetadataExtraction', queryOf),
    delimiter: of('AppendDelimiterToRecord', delimiterOf),
  }
  return Object.fromEntries(Object.entries(all).filter(([, step]) => step !== undefined))
}
