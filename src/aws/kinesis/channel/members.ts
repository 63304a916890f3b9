/** Members of inputs and outputs about channels, as in the model. */

export interface RecordConfiguration {
  readonly RecordFormatType: 'GSR_JSON' | 'JSON' | 'STRING' | 'BYTE_ARRAY'
  readonly GSRSchemaARN?: string
}

export interface StreamConfiguration {
  readonly StreamARN: string
  readonly RecordConfiguration: RecordConfiguration
}

export interface StorageConfiguration {
  readonly BucketARN: string
  readonly ExpectedBucketOwner: string
  readonly CompressionType: 'NONE' | 'GZIP' | 'ZSTD'
  readonly OutputKeyTemplate?: string
  readonly StorageClass?: 'STANDARD' | 'INTELLIGENT_TIERING' | 'GLACIER_IR'
}

export interface DeadLetterConfiguration {
  readonly BucketARN: string
  readonly ExpectedBucketOwner: string
  readonly ErrorOutputPrefix?: string
}

export interface S3Configuration {
  readonly StorageConfiguration: StorageConfiguration
  readonly DataFreshnessInSeconds?: number
  readonly DeadLetterQueueS3Configuration?: DeadLetterConfiguration
}

export interface LoggingConfiguration {
  readonly CloudWatchLogs: {
    readonly Enabled: boolean
    readonly LogGroupName?: string
    readonly LogStreamName?: string
  }
}

/** How an input names a channel. */
export interface ChannelTarget {
  readonly ChannelARN: string
}
