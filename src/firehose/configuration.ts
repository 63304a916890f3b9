/** What a delivery stream does, as it is stored: plain data, checked before it gets here. */

/** Compression of objects, in AWS's words; `ZSTD` is for channels only. */
export type Compression = 'UNCOMPRESSED' | 'GZIP' | 'ZIP' | 'Snappy' | 'HADOOP_SNAPPY' | 'ZSTD'

/** When a buffer is delivered: at so much data, before compression, or after so long, whichever is first. */
export interface BufferingHints {
  readonly bytes: number
  /** Milliseconds on the store's clock since the buffer's first record came. 0 delivers at once. */
  readonly ms: number
}

/** A place for objects, how they are named, and what they look like. */
export interface ObjectTarget {
  readonly bucket: string
  /** With expressions, as the user wrote it; '' for the default path `yyyy/MM/dd/HH/`. */
  readonly prefix: string
  readonly errorPrefix: string
  readonly buffering: BufferingHints
  readonly compression: Compression
  /** Replaces the format's, with its full stop. '' for the format's. */
  readonly fileExtension: string
  /** An IANA zone, such as `Europe/Vienna`. */
  readonly timeZone: string
  /** Makes whole keys instead of `prefix`, in the words of channels. Theirs only. */
  readonly keyTemplate?: string | undefined
  /** @defaultValue that of the bucket, which is STANDARD */
  readonly storageClass?: StorageClass | undefined
  /** Where failed records go. @defaultValue `bucket` */
  readonly errorBucket?: string | undefined
}

/** How S3 keeps an object. Folders have no such thing. */
export type StorageClass = 'STANDARD' | 'INTELLIGENT_TIERING' | 'GLACIER_IR'

/** How records that were combined are taken apart. */
export type Deaggregation =
  | { readonly kind: 'json' }
  /** Base64 of the bytes between records. */
  | { readonly kind: 'delimited'; readonly delimiter: string }

/** A transformation of records by a function, or by whatever answers like one of AWS Lambda. */
export interface TransformConfiguration {
  /** Names the function: an ARN of AWS Lambda, version or alias included, or a name of the caller's own. */
  readonly function: string
  /** How often a call that failed is repeated. 0 to 300. */
  readonly retries: number
  /** Records are gathered for a call up to so much. 0.2 to 3 MB. */
  readonly bufferBytes: number
  /** Or for so long. Milliseconds, 0 to 900,000. */
  readonly bufferMs: number
}

/** What happens to records, in this order. Each step that is absent is left out. */
export interface ProcessingConfiguration {
  /** What records must be, or they fail: JSON, or text in UTF-8. Judged before all else. */
  readonly format?: 'json' | 'text' | undefined
  /** Payloads are unpacked first: GZIP, as CloudWatch Logs writes them. */
  readonly decompression?: 'GZIP' | undefined
  /** Of payloads that CloudWatch Logs wrote, only the messages are kept, a line each. */
  readonly cloudWatchMessages?: boolean | undefined
  readonly deaggregation?: Deaggregation | undefined
  readonly transform?: TransformConfiguration | undefined
  /** A program of jq 1.6 whose result, an object, names the partition. */
  readonly query?: string | undefined
  /** Text appended to each record. */
  readonly delimiter?: string | undefined
}

/** The type of a column, after those of AWS Glue (Hive): a name, or a nested one. */
export type ColumnType =
  | { readonly kind: 'primitive'; readonly name: PrimitiveType }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'array'; readonly of: ColumnType }
  | { readonly kind: 'map'; readonly key: ColumnType; readonly value: ColumnType }
  | { readonly kind: 'struct'; readonly fields: readonly Column[] }

/** `varchar(n)` and `char(n)` are strings. */
export type PrimitiveType =
  | 'boolean'
  | 'tinyint'
  | 'smallint'
  | 'int'
  | 'bigint'
  | 'float'
  | 'double'
  | 'string'
  | 'binary'
  | 'date'
  | 'timestamp'

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** JSON becomes Parquet. The schema is a copy of the table's of the moment the configuration was made. */
export interface ConversionConfiguration {
  readonly schema: readonly Column[]
  /** `database.table`, for messages and failed records. */
  readonly table: string
  /** How JSON is read. */
  readonly input: {
    /** `openx` lets keys be mapped and lowered; `hive` takes formats of timestamps. */
    readonly kind: 'openx' | 'hive'
    readonly caseInsensitive: boolean
    readonly dotsToUnderscores: boolean
    /** From the column's name to the key in the JSON. */
    readonly keyOfColumn: Readonly<Record<string, string>>
    /** Patterns of Joda time, `millis`, or none for the usual ones. */
    readonly timestampFormats: readonly string[]
  }
  readonly compression: 'UNCOMPRESSED' | 'SNAPPY' | 'GZIP'
  /** Size of a row group. */
  readonly blockBytes: number
  readonly pageBytes: number
  readonly dictionary: boolean
}

/** Objects in buckets: S3, or a folder laid out like it. */
export interface ObjectsDestination {
  readonly kind: 'objects'
  readonly target: ObjectTarget
  /** Records are sorted into partitions by what the processing found. */
  readonly partitioned: boolean
  readonly conversion?: ConversionConfiguration | undefined
  /** All records as they came, before any processing. */
  readonly backup?: ObjectTarget | undefined
  /** How long a delivery that failed is repeated before its records go to the error output. @defaultValue 24 hours */
  readonly retryMs?: number | undefined
}

/** An HTTP endpoint, as AWS talks to one. */
export interface HttpDestination {
  readonly kind: 'http'
  readonly url: string
  readonly name: string
  readonly accessKey?: string | undefined
  readonly commonAttributes: readonly { readonly name: string; readonly value: string }[]
  readonly contentEncoding: 'NONE' | 'GZIP'
}

/** Another stream of the store. */
export interface StreamDestination {
  readonly kind: 'stream'
  readonly streamArn: string
}

/** A function of the program. */
export interface FunctionDestination {
  readonly kind: 'function'
  readonly name: string
}

/** Destinations that take records rather than objects. What they refuse for good goes to the backup's error output. */
export interface RecordsDestination {
  readonly kind: 'records'
  readonly to: HttpDestination | StreamDestination | FunctionDestination
  readonly buffering: BufferingHints
  /** How long a delivery that failed is repeated. Milliseconds on the store's clock. */
  readonly retryMs: number
  readonly backup: ObjectTarget
  /** Which records the backup gets: what failed, or all. */
  readonly backupOf: 'failed' | 'all'
}

/** Where records come from. */
export type SourceConfiguration =
  | { readonly kind: 'direct' }
  /** From what is the latest at `fromMs` on. */
  | { readonly kind: 'stream'; readonly streamArn: string; readonly fromMs: number }

/** All of it. */
export interface DeliveryConfiguration {
  readonly source: SourceConfiguration
  readonly processing: ProcessingConfiguration
  readonly destination: ObjectsDestination | RecordsDestination
}
