import { CreateDeliveryStreamCommand, type FirehoseClient } from '@aws-sdk/client-firehose'
import { CreateStreamCommand, type KinesisClient } from '@aws-sdk/client-kinesis'
import { bucketName } from './bucket.ts'
import { database, table } from './table.ts'

/** The stream that flights are put into. */
export const streamName = 'flights'

/** Whatever account and role: nobody is asked who they are. */
const account = '000000000000'
const RoleARN = `arn:aws:iam::${account}:role/firehose`

/**
 * Creates the stream, and a delivery stream that carries what is put there to objects of Parquet, by airport and day. The
 * hints are the least that AWS takes for that: a partition is delivered at 64 MiB, or after a minute.
 */
export async function createStreams(kinesis: KinesisClient, firehose: FirehoseClient): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName: streamName, ShardCount: 4 }))
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: 'flights-to-parquet',
      DeliveryStreamType: 'KinesisStreamAsSource',
      KinesisStreamSourceConfiguration: {
        KinesisStreamARN: `arn:aws:kinesis:us-east-1:${account}:stream/${streamName}`,
        RoleARN,
      },
      ExtendedS3DestinationConfiguration: {
        RoleARN,
        BucketARN: `arn:aws:s3:::${bucketName}`,
        // As Hive names partitions, so that whoever reads the objects has two more columns.
        Prefix: 'flights/airport=!{partitionKeyFromQuery:airport}/day=!{partitionKeyFromQuery:day}/',
        ErrorOutputPrefix: 'errors/!{firehose:error-output-type}/',
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
        DynamicPartitioningConfiguration: { Enabled: true },
        ProcessingConfiguration: {
          Enabled: true,
          Processors: [
            {
              Type: 'MetadataExtraction',
              Parameters: [
                {
                  ParameterName: 'MetadataExtractionQuery',
                  ParameterValue: '{airport: .origin, day: .date[:10]}',
                },
                { ParameterName: 'JsonParsingEngine', ParameterValue: 'JQ-1.6' },
              ],
            },
          ],
        },
        DataFormatConversionConfiguration: {
          Enabled: true,
          SchemaConfiguration: { RoleARN, DatabaseName: database, TableName: table },
          InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
          OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
        },
      },
    }),
  )
}
