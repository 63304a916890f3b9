import type { ConversionConfiguration, ProcessingConfiguration } from '../../firehose/configuration.ts'
import { MiB, secondMs } from '../../units.ts'
import type { ConversionMembers, ProcessingMembers, ProcessorMembers, ProcessorType } from './members.ts'

/** What the library was told to do with records, as processors; in the order in which it happens. */
export function derivedProcessing(processing: ProcessingConfiguration): ProcessingMembers {
  const Processors = [...processorsOf(processing)]
  return { Enabled: Processors.length > 0, Processors }
}

function* processorsOf(processing: ProcessingConfiguration): Generator<ProcessorMembers> {
  const { decompression, cloudWatchMessages, deaggregation, transform, query, delimiter } = processing
  if (decompression !== undefined) yield processor('Decompression', { CompressionFormat: decompression })
  if (cloudWatchMessages === true)
    yield processor('CloudWatchLogProcessing', { DataMessageExtraction: 'true' })
  if (deaggregation?.kind === 'json') yield processor('RecordDeAggregation', { SubRecordType: 'JSON' })
  if (deaggregation?.kind === 'delimited') {
    yield processor('RecordDeAggregation', {
      SubRecordType: 'DELIMITED',
      Delimiter: deaggregation.delimiter,
    })
  }
  if (transform !== undefined) {
    yield processor('Lambda', {
      LambdaArn: transform.function,
      NumberOfRetries: String(transform.retries),
      BufferSizeInMBs: String(transform.bufferBytes / MiB),
      BufferIntervalInSeconds: String(transform.bufferMs / secondMs),
    })
  }
  if (query !== undefined) {
    yield processor('MetadataExtraction', { MetadataExtractionQuery: query, JsonParsingEngine: 'JQ-1.6' })
  }
  if (delimiter !== undefined) yield processor('AppendDelimiterToRecord', { Delimiter: escaped(delimiter) })
}

function processor(type: ProcessorType, parameters: Readonly<Record<string, string>>): ProcessorMembers {
  return {
    Type: type,
    Parameters: Object.entries(parameters).map(([name, value]) => ({
      ParameterName: name,
      ParameterValue: value,
    })),
  }
}

/** As a request would spell it. */
function escaped(delimiter: string): string {
  const letters: Readonly<Record<string, string>> = { '\\': '\\', '\n': 'n', '\r': 'r', '\t': 't' }
  return delimiter.replaceAll(/[\\\n\r\t]/g, (character) => `\\${letters[character] ?? ''}`)
}

/** A conversion that the library was told of. A table of its own columns has no database. */
export function derivedConversion(conversion: ConversionConfiguration): ConversionMembers {
  const { table, input, compression, blockBytes, pageBytes, dictionary } = conversion
  const [database, ...rest] = table.split('.')
  return {
    SchemaConfiguration:
      database === undefined || rest.length === 0
        ? { TableName: table }
        : { DatabaseName: database, TableName: rest.join('.') },
    InputFormatConfiguration: {
      Deserializer:
        input.kind === 'hive'
          ? { HiveJsonSerDe: { TimestampFormats: input.timestampFormats } }
          : {
              OpenXJsonSerDe: {
                CaseInsensitive: input.caseInsensitive,
                ConvertDotsInJsonKeysToUnderscores: input.dotsToUnderscores,
                ColumnToJsonKeyMappings: input.keyOfColumn,
              },
            },
    },
    OutputFormatConfiguration: {
      Serializer: {
        ParquetSerDe: {
          Compression: compression,
          BlockSizeBytes: blockBytes,
          PageSizeBytes: pageBytes,
          EnableDictionaryCompression: dictionary,
        },
      },
    },
    Enabled: true,
  }
}
