/** What requests say of a delivery stream, after the model: members that are required there may be taken for granted. */

export interface HintMembers {
  readonly SizeInMBs?: number
  readonly IntervalInSeconds?: number
}

export interface LoggingMembers {
  readonly Enabled?: boolean
  readonly LogGroupName?: string
  readonly LogStreamName?: string
}

export interface EncryptionMembers {
  readonly NoEncryptionConfig?: 'NoEncryption'
  readonly KMSEncryptionConfig?: { readonly AWSKMSKeyARN: string }
}

export interface S3Members {
  readonly RoleARN: string
  readonly BucketARN: string
  readonly Prefix?: string
  readonly ErrorOutputPrefix?: string
  readonly BufferingHints?: HintMembers
  readonly CompressionFormat?: 'UNCOMPRESSED' | 'GZIP' | 'ZIP' | 'Snappy' | 'HADOOP_SNAPPY'
  readonly EncryptionConfiguration?: EncryptionMembers
  readonly CloudWatchLoggingOptions?: LoggingMembers
}

export type ProcessorType =
  | 'RecordDeAggregation'
  | 'Decompression'
  | 'CloudWatchLogProcessing'
  | 'Lambda'
  | 'MetadataExtraction'
  | 'AppendDelimiterToRecord'

export interface ParameterMembers {
  readonly ParameterName: string
  readonly ParameterValue: string
}

export interface ProcessorMembers {
  readonly Type: ProcessorType
  readonly Parameters?: readonly ParameterMembers[]
}

export interface ProcessingMembers {
  readonly Enabled?: boolean
  readonly Processors?: readonly ProcessorMembers[]
}

export interface SchemaMembers {
  readonly RoleARN?: string
  readonly CatalogId?: string
  readonly DatabaseName?: string
  readonly TableName?: string
  readonly Region?: string
  readonly VersionId?: string
}

export interface DeserializerMembers {
  readonly OpenXJsonSerDe?: {
    readonly ConvertDotsInJsonKeysToUnderscores?: boolean
    readonly CaseInsensitive?: boolean
    /** A map of a request; plain where it is stored. */
    readonly ColumnToJsonKeyMappings?: ReadonlyMap<string, string> | Readonly<Record<string, string>>
  }
  readonly HiveJsonSerDe?: { readonly TimestampFormats?: readonly string[] }
}

export interface SerializerMembers {
  readonly ParquetSerDe?: {
    readonly BlockSizeBytes?: number
    readonly PageSizeBytes?: number
    readonly Compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY'
    readonly EnableDictionaryCompression?: boolean
    readonly MaxPaddingBytes?: number
    readonly WriterVersion?: 'V1' | 'V2'
  }
  readonly OrcSerDe?: object
}

export interface ConversionMembers {
  readonly SchemaConfiguration?: SchemaMembers
  readonly InputFormatConfiguration?: { readonly Deserializer?: DeserializerMembers }
  readonly OutputFormatConfiguration?: { readonly Serializer?: SerializerMembers }
  readonly Enabled?: boolean
}

export interface RetryMembers {
  readonly DurationInSeconds?: number
}

export interface PartitioningMembers {
  readonly RetryOptions?: RetryMembers
  readonly Enabled?: boolean
}

export interface ExtendedS3Members extends S3Members {
  readonly ProcessingConfiguration?: ProcessingMembers
  readonly S3BackupMode?: 'Disabled' | 'Enabled'
  readonly S3BackupConfiguration?: S3Members
  readonly DataFormatConversionConfiguration?: ConversionMembers
  readonly DynamicPartitioningConfiguration?: PartitioningMembers
  readonly FileExtension?: string
  readonly CustomTimeZone?: string
}

export interface EndpointMembers {
  readonly Url: string
  readonly Name?: string
  readonly AccessKey?: string
}

export interface AttributeMembers {
  readonly AttributeName: string
  readonly AttributeValue: string
}

export interface HttpMembers {
  readonly EndpointConfiguration: EndpointMembers
  readonly BufferingHints?: HintMembers
  readonly CloudWatchLoggingOptions?: LoggingMembers
  readonly RequestConfiguration?: {
    readonly ContentEncoding?: 'NONE' | 'GZIP'
    readonly CommonAttributes?: readonly AttributeMembers[]
  }
  readonly ProcessingConfiguration?: ProcessingMembers
  readonly RoleARN?: string
  readonly RetryOptions?: RetryMembers
  readonly S3BackupMode?: 'FailedDataOnly' | 'AllData'
  readonly S3Configuration: S3Members
  readonly SecretsManagerConfiguration?: { readonly Enabled: boolean }
}

export interface KinesisSourceMembers {
  readonly KinesisStreamARN: string
  readonly RoleARN: string
}

export interface EncryptionInputMembers {
  readonly KeyARN?: string
  readonly KeyType: 'AWS_OWNED_CMK' | 'CUSTOMER_MANAGED_CMK'
}

export interface TagMembers {
  readonly Key: string
  readonly Value?: string
}

/** The destination of a delivery stream. The old form of S3 is one of the new form with fewer members. */
export type DestinationMembers =
  | { readonly kind: 's3'; readonly members: ExtendedS3Members }
  | { readonly kind: 'http'; readonly members: HttpMembers }
