import type { Processor } from '@aws-sdk/client-firehose'
import { describe, expect, it } from 'vitest'
import type { ProcessingConfiguration } from '../../../src/firehose/configuration.ts'
import {
  createHttp,
  createS3,
  DeliveryStreamName,
  described,
  extraction,
  partitioned,
  processor,
} from './requests.ts'
import { account, type FirehoseRig, openRig, RoleARN } from './rig.ts'

const LambdaArn = `arn:aws:lambda:us-east-1:${account}:function:enrich:live`
const lambda = processor('Lambda', { LambdaArn })
const unpacking = processor('Decompression', { CompressionFormat: 'GZIP' })

function stored({ firehose }: FirehoseRig): ProcessingConfiguration {
  const key = { account, region: 'us-east-1', name: DeliveryStreamName }
  return firehose.deliveryStream(key).configuration.processing
}

async function process(rig: FirehoseRig, ...Processors: readonly Processor[]): Promise<void> {
  await createS3(rig, { ProcessingConfiguration: { Enabled: true, Processors: [...Processors] } })
}

describe('processors', () => {
  it('[O] processors: a Lambda is described with what it does, in a fixed order', async () => {
    const rig = await openRig()
    await process(rig, lambda)
    expect(stored(rig)).toEqual({
      transform: { function: LambdaArn, retries: 3, bufferBytes: 1024 * 1024, bufferMs: 60_000 },
    })
    const [destination] = (await described(rig)).Destinations ?? []
    expect(destination?.ExtendedS3DestinationDescription?.ProcessingConfiguration).toEqual({
      Enabled: true,
      Processors: [
        processor('Lambda', {
          LambdaArn,
          NumberOfRetries: '3',
          RoleArn: RoleARN,
          BufferSizeInMBs: '1',
          BufferIntervalInSeconds: '60',
        }),
      ],
    })
  })

  it('[G] processors: all kinds of them, in the order of the service', async () => {
    const rig = await openRig()
    await createS3(rig, {
      ...partitioned,
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          processor('AppendDelimiterToRecord', { Delimiter: String.raw`\r\n` }),
          extraction(),
          processor('RecordDeAggregation', { SubRecordType: 'DELIMITED', Delimiter: 'Iw==' }),
          processor('CloudWatchLogProcessing', { DataMessageExtraction: 'True' }),
          unpacking,
        ],
      },
    })
    expect(stored(rig)).toEqual({
      decompression: 'GZIP',
      cloudWatchMessages: true,
      deaggregation: { kind: 'delimited', delimiter: 'Iw==' },
      query: '{customer: .id}',
      delimiter: '\r\n',
    })
  })

  it('[A] processors: records end with a new line, if nothing else is said', async () => {
    const rig = await openRig()
    await process(rig, processor('AppendDelimiterToRecord'))
    expect(stored(rig)).toEqual({ delimiter: '\n' })
  })

  it('[O] processors: that are not enabled are kept and do nothing', async () => {
    const rig = await openRig()
    await createS3(rig, { ProcessingConfiguration: { Processors: [lambda] } })
    expect(stored(rig)).toEqual({})
    const [destination] = (await described(rig)).Destinations ?? []
    expect(destination?.ExtendedS3DestinationDescription?.ProcessingConfiguration).toMatchObject({
      Enabled: false,
      Processors: [{ Type: 'Lambda' }],
    })
  })

  it('[?] deviation: the LambdaArn of Firehose may be a name of its own, of a function in the program', async () => {
    const rig = await openRig()
    await process(rig, processor('Lambda', { LambdaArn: 'enrich' }))
    expect(stored(rig).transform?.function).toBe('enrich')
  })

  it('[?] deviation: the LambdaArn of Firehose is of a function that can be called, which is said at once', async () => {
    const rig = await openRig({
      firehose: { lambda: undefined, functions: { enrich: () => ({ records: [] }) } },
    })
    await expect(process(rig, lambda)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message:
        `There is no function ${LambdaArn}: set the option functions, to have it, or lambda, to who is called ` +
        'instead',
    })
    await process(rig, processor('Lambda', { LambdaArn: 'enrich' }))
  })

  it('[A] processors: an HTTP endpoint has them, too', async () => {
    const rig = await openRig()
    await createHttp(rig, { ProcessingConfiguration: { Enabled: true, Processors: [lambda] } })
    expect(stored(rig).transform?.function).toBe(LambdaArn)
  })
})

const range = (name: string, value: string): Processor => {
  const both = { BufferSizeInMBs: '1', BufferIntervalInSeconds: '60' }
  return processor('Lambda', { LambdaArn, ...both, [name]: value })
}

const onlyPartitioned = (type: string): string =>
  `class com.amazonaws.services.firehose.internal.model.${type}Processor can only be present when Dynamic ` +
  'Partitioning is enabled.'

describe('processors that are refused', () => {
  const sizes = 'BufferSizeInMBs for lambda processor must be between 0.2 and 3.'
  const intervals = 'BufferIntervalInSeconds for lambda processor must be between 0 and 900.'
  const retries = 'Number of retries for lambda must be between 0 and 300.'
  it.each<[string, readonly Processor[], string]>([
    [
      '[O] processors: one to five',
      [],
      'A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.',
    ],
    [
      'and five at most',
      Array.from({ length: 6 }, () => lambda),
      'A maximum of 5 and a minimum of 1 processor needs to be supplied when processing is enabled.',
    ],
    ['[O] processors: one of a kind', [lambda, lambda], 'Cannot have more than 1 Lambda processor.'],
    [
      '[O] processors: no parameter twice',
      [
        {
          Type: 'Lambda',
          Parameters: [...(lambda.Parameters ?? []), ...(lambda.Parameters ?? [])],
        },
      ],
      'Duplicate ProcessorParameter passed to ProcessingConfiguration.',
    ],
    [
      'a parameter of another kind',
      [processor('Lambda', { LambdaArn, Delimiter: 'x' })],
      'Parameter Delimiter is not one of a Lambda processor, which has LambdaArn, NumberOfRetries, RoleArn, ' +
        'BufferSizeInMBs, BufferIntervalInSeconds.',
    ],
    [
      '[O] processors: a Lambda needs its ARN',
      [processor('Lambda')],
      'LambdaArn is required when Lambda processor is used.',
    ],
    ['a wrong one', [processor('Lambda', { LambdaArn: 'a/b' })], 'Invalid lambda ARN.'],
    ['a role that is none', [processor('Lambda', { LambdaArn, RoleArn: 'me' })], 'Invalid role ARN.'],
    [
      '[O] processors: a Lambda has size and interval, or neither',
      [processor('Lambda', { LambdaArn, BufferSizeInMBs: '1' })],
      'Both BufferSizeInMBs and BufferIntervalInSeconds are required to configure buffering for lambda processor.',
    ],
    ['[O] processors: sizes of a Lambda have a range', [range('BufferSizeInMBs', '0.1')], sizes],
    ['above', [range('BufferSizeInMBs', '3.1')], sizes],
    ['no number', [range('BufferSizeInMBs', '1e0')], sizes],
    [
      '[O] processors: intervals of a Lambda have a range',
      [range('BufferIntervalInSeconds', '901')],
      intervals,
    ],
    ['half a second', [range('BufferIntervalInSeconds', '0.5')], intervals],
    ['[O] processors: retries of a Lambda have a range', [range('NumberOfRetries', '301')], retries],
    ['less than none', [range('NumberOfRetries', '-1')], retries],
    [
      '[O] processors: messages come out of what was unpacked',
      [processor('CloudWatchLogProcessing', { DataMessageExtraction: 'true' })],
      'CloudWatchLogProcessingProcessor can only be enabled with DecompressionProcessor',
    ],
    [
      '[O] processors: messages are extracted or not',
      [unpacking, processor('CloudWatchLogProcessing')],
      'Invalid parameter value for DataMessageExtraction. Allowed values are True and False.',
    ],
    [
      'another compression',
      [processor('Decompression', { CompressionFormat: 'ZIP' })],
      'CompressionFormat of a Decompression processor has to be one of GZIP',
    ],
    ['[O] processors: extraction is for partitions', [extraction()], onlyPartitioned('MetadataExtraction')],
    [
      '[O] processors: de-aggregation is for partitions',
      [processor('RecordDeAggregation', { SubRecordType: 'JSON' })],
      onlyPartitioned('RecordDeAggregation'),
    ],
  ])('%s', async (_what, processors, message) => {
    const rig = await openRig()
    await expect(process(rig, ...processors)).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message,
    })
  })

  const engine = 'MetaDataExtraction JSON Parsing Engine has to be one of JQ-1.6'
  it.each<[string, readonly Processor[], string]>([
    [
      '[O] queries: need their engine',
      [processor('MetadataExtraction', { MetadataExtractionQuery: '.' })],
      engine,
    ],
    [
      'another engine',
      [processor('MetadataExtraction', { MetadataExtractionQuery: '.', JsonParsingEngine: 'JQ-1.7' })],
      engine,
    ],
    [
      'no query',
      [processor('MetadataExtraction', { JsonParsingEngine: 'JQ-1.6' })],
      'MetadataExtractionQuery is required when MetadataExtraction processor is used.',
    ],
    [
      '[O] queries: find nothing that the prefix does not name',
      [extraction('{customer: .id, day: .at[:10]}')],
      "MetaDataExtraction JQ Query can't contain keys that are not present in the S3 Prefix expression",
    ],
    [
      '[O] de-aggregation: has two kinds',
      [extraction(), processor('RecordDeAggregation', { SubRecordType: 'XML' })],
      'SubRecordType has to be one of JSON, DELIMITED',
    ],
    [
      '[O] de-aggregation: a delimiter where it is needed',
      [extraction(), processor('RecordDeAggregation', { SubRecordType: 'DELIMITED' })],
      'Delimiter should be present for DELIMITED',
    ],
    [
      'in base64',
      [extraction(), processor('RecordDeAggregation', { SubRecordType: 'DELIMITED', Delimiter: '#' })],
      'Delimiter has to be in base64',
    ],
    [
      'and nowhere else',
      [extraction(), processor('RecordDeAggregation', { SubRecordType: 'JSON', Delimiter: 'Iw==' })],
      'Delimiter should not be present for JSON',
    ],
  ])('with partitions: %s', async (_what, processors, message) => {
    const rig = await openRig()
    const ProcessingConfiguration = { Enabled: true, Processors: [...processors] }
    await expect(createS3(rig, { ...partitioned, ProcessingConfiguration })).rejects.toMatchObject({
      name: 'InvalidArgumentException',
      message,
    })
  })
})
