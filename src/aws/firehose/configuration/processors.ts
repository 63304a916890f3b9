import { Buffer } from 'node:buffer'
import type { Deaggregation, TransformConfiguration } from '../../../firehose/configuration.ts'
import { MiB, secondMs } from '../../../units.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { ProcessorMembers, ProcessorType } from '../members.ts'

/** The parameters of one processor, by name. */
export type Parameters = ReadonlyMap<string, string>

/** What each kind of processor can be told. */
const known: Readonly<Record<ProcessorType, readonly string[]>> = {
  Lambda: ['LambdaArn', 'NumberOfRetries', 'RoleArn', 'BufferSizeInMBs', 'BufferIntervalInSeconds'],
  MetadataExtraction: ['MetadataExtractionQuery', 'JsonParsingEngine'],
  RecordDeAggregation: ['SubRecordType', 'Delimiter'],
  AppendDelimiterToRecord: ['Delimiter'],
  Decompression: ['CompressionFormat'],
  CloudWatchLogProcessing: ['DataMessageExtraction'],
}

/** Checks that a processor is told nothing twice, and nothing that it has no use for. */
export function parametersOf({ Type: type, Parameters: given = [] }: ProcessorMembers): Parameters {
  const parameters = new Map<string, string>()
  for (const { ParameterName: name, ParameterValue: value } of given) {
    if (parameters.has(name)) {
      throw invalidArgumentFault('Duplicate ProcessorParameter passed to ProcessingConfiguration.')
    }
    parameters.set(name, value)
  }
  const foreign = [...parameters.keys()].find((name) => !known[type].includes(name))
  if (foreign === undefined) return parameters
  throw invalidArgumentFault(
    `Parameter ${foreign} is not one of a ${type} processor, which has ${known[type].join(', ')}.`,
  )
}

/** What a Lambda processor does where it is told nothing else (as others saw it on AWS). */
export const lambdaDefaults: Readonly<Record<string, string>> = {
  NumberOfRetries: '3',
  BufferSizeInMBs: '1',
  BufferIntervalInSeconds: '60',
}

const lambdaArn =
  /^arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]{1,64}(:(\$LATEST|[a-zA-Z0-9_-]{1,128}))?$/
/** A function of the program is named without its account and region. */
const functionName = /^[a-zA-Z0-9_-]{1,64}$/
const roleArn = /^arn:.*:iam::\d{12}:role\/[a-zA-Z_0-9+=,.@\-_/]+$/

/** `Lambda`. */
export function transformOf(parameters: Parameters): TransformConfiguration {
  const arn = parameters.get('LambdaArn')
  if (arn === undefined) throw invalidArgumentFault('LambdaArn is required when Lambda processor is used.')
  if (!lambdaArn.test(arn) && !functionName.test(arn)) throw invalidArgumentFault('Invalid lambda ARN.')
  const role = parameters.get('RoleArn')
  if (role !== undefined && !roleArn.test(role)) throw invalidArgumentFault('Invalid role ARN.')
  if (parameters.has('BufferSizeInMBs') !== parameters.has('BufferIntervalInSeconds')) {
    throw invalidArgumentFault(
      'Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor.',
    )
  }
  const number = (name: string, min: number, max: number, text: string): number => {
    const value = parameters.get(name) ?? lambdaDefaults[name] ?? ''
    const wanted = name === 'BufferSizeInMBs' ? /^\d{1,9}(\.\d{1,9})?$/ : /^\d{1,9}$/
    if (wanted.test(value) && Number(value) >= min && Number(value) <= max) return Number(value)
    throw invalidArgumentFault(`${text} must be between ${min} and ${max}.`)
  }
  return {
    function: arn,
    retries: number('NumberOfRetries', 0, 300, 'Number of retries for lambda'),
    bufferBytes: Math.floor(number('BufferSizeInMBs', 0.2, 3, 'BufferSizeInMBs for lambda processor') * MiB),
    bufferMs:
      number('BufferIntervalInSeconds', 0, 900, 'BufferIntervalInSeconds for lambda processor') * secondMs,
  }
}

/** `MetadataExtraction`: its program. */
export function queryOf(parameters: Parameters): string {
  if (parameters.get('JsonParsingEngine') !== 'JQ-1.6') {
    throw invalidArgumentFault('MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6')
  }
  const query = parameters.get('MetadataExtractionQuery')
  if (query !== undefined) return query
  throw invalidArgumentFault('MetadataExtractionQuery is required when MetadataExtraction processor is used.')
}

/** `RecordDeAggregation`. */
export function deaggregationOf(parameters: Parameters): Deaggregation {
  const delimiter = parameters.get('Delimiter')
  switch (parameters.get('SubRecordType')) {
    case 'JSON':
      if (delimiter === undefined) return { kind: 'json' }
      throw invalidArgumentFault('Delimiter should not be present for JSON')
    case 'DELIMITED':
      if (delimiter === undefined) throw invalidArgumentFault('Delimiter should be present for DELIMITED')
      if (!isBase64(delimiter)) throw invalidArgumentFault('Delimiter has to be in base64')
      return { kind: 'delimited', delimiter }
    default:
      throw invalidArgumentFault('SubRecordType has to be one of JSON, DELIMITED')
  }
}

function isBase64(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64').toString('base64') === text
}

/** How a parameter, which cannot be blank, spells what is blank. */
const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' }

/** `AppendDelimiterToRecord`: a new line, unless it says otherwise. */
export function delimiterOf(parameters: Parameters): string {
  const given = parameters.get('Delimiter') ?? String.raw`\n`
  return given.replaceAll(/\\([nrt\\])/g, (_whole, letter: string) => escapes[letter] ?? '')
}

/** `Decompression`: the one format there is. */
export function decompressionOf(parameters: Parameters): 'GZIP' {
  if ((parameters.get('CompressionFormat') ?? 'GZIP') === 'GZIP') return 'GZIP'
  throw invalidArgumentFault('CompressionFormat of a Decompression processor has to be one of GZIP')
}

/** `CloudWatchLogProcessing`: whether messages are extracted. */
export function messageExtractionOf(parameters: Parameters): boolean {
  const value = parameters.get('DataMessageExtraction')?.toLowerCase()
  if (value === 'true' || value === 'false') return value === 'true'
  throw invalidArgumentFault(
    'Invalid parameter value for DataMessageExtraction. Allowed values are True and False.',
  )
}
