import {
  CreateDeliveryStreamCommand,
  type CreateDeliveryStreamCommandInput,
  DescribeDeliveryStreamCommand,
  type DeliveryStreamDescription,
  type ExtendedS3DestinationConfiguration,
  type HttpEndpointDestinationConfiguration,
  type Processor,
  type ProcessorParameterName,
  type ProcessorType,
} from '@aws-sdk/client-firehose'
import { bucket, type FirehoseRig } from './rig.ts'

export const DeliveryStreamName = 'clicks'

/** Creates the delivery stream of most tests. */
export async function create(
  { client }: Pick<FirehoseRig, 'client'>,
  input: Partial<CreateDeliveryStreamCommandInput> = { ExtendedS3DestinationConfiguration: bucket },
): Promise<string | undefined> {
  const made = await client.send(new CreateDeliveryStreamCommand({ DeliveryStreamName, ...input }))
  return made.DeliveryStreamARN
}

/** The same with a bucket that is told more. */
export function createS3(
  rig: FirehoseRig,
  more: Partial<ExtendedS3DestinationConfiguration>,
): Promise<string | undefined> {
  return create(rig, { ExtendedS3DestinationConfiguration: { ...bucket, ...more } })
}

export const endpoint = { Url: 'https://example.com/records', Name: 'records', AccessKey: 'a-secret-key' }

/** The same with an HTTP endpoint. */
export function createHttp(
  rig: FirehoseRig,
  more: Partial<HttpEndpointDestinationConfiguration> = {},
): Promise<string | undefined> {
  return create(rig, {
    HttpEndpointDestinationConfiguration: {
      EndpointConfiguration: endpoint,
      S3Configuration: bucket,
      ...more,
    },
  })
}

export async function described(
  { client }: FirehoseRig,
  name: string = DeliveryStreamName,
): Promise<DeliveryStreamDescription> {
  const answer = await client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }))
  return answer.DeliveryStreamDescription as DeliveryStreamDescription
}

/** A processor with its parameters. */
export function processor(type: ProcessorType, parameters: Record<string, string> = {}): Processor {
  return {
    Type: type,
    Parameters: Object.entries(parameters).map(([name, value]) => ({
      ParameterName: name as ProcessorParameterName,
      ParameterValue: value,
    })),
  }
}

/** A query that finds one key of partitions. */
export function extraction(query = '{customer: .id}'): Processor {
  return processor('MetadataExtraction', { MetadataExtractionQuery: query, JsonParsingEngine: 'JQ-1.6' })
}

/** Dynamic partitioning as it is right. */
export const partitioned: Partial<ExtendedS3DestinationConfiguration> = {
  Prefix: 'by/!{partitionKeyFromQuery:customer}/',
  ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
  BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
  DynamicPartitioningConfiguration: { Enabled: true },
  ProcessingConfiguration: { Enabled: true, Processors: [extraction()] },
}

/** Conversion of a table that the rig has to have. */
export const converted: Partial<ExtendedS3DestinationConfiguration> = {
  DataFormatConversionConfiguration: {
    SchemaConfiguration: { RoleARN: bucket.RoleARN, DatabaseName: 'web', TableName: 'clicks' },
    InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
    OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
  },
}

export const tables = { 'web.clicks': { page: 'string', at: 'timestamp' } }
