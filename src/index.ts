/** What `import 'millrace'` gives. */
export type { Clock } from './clock.ts'
export { systemClock } from './clock.ts'
export type { ErrorCode, ErrorDetails } from './errors.ts'
export { errorCodes, MillraceError } from './errors.ts'
export type { OpenOptions } from './open.ts'
export { type DurabilityOptions, durabilityDefaults as openDefaults } from './durability.ts'
export { open } from './open.ts'
export { repair, type RepairOptions } from './repair.ts'
export type { LogRepair, LostNumbers, RepairReport, SetAside } from './repair-report.ts'
export {
  Account,
  type AccountKey,
  accountLimitDefaults,
  type AccountLimitOptions,
  type AccountLimits,
} from './streams/account.ts'
export { BatchLease } from './streams/batch-lease.ts'
export { BatchReader } from './streams/batch-reader.ts'
export type { Codec } from './streams/codec.ts'
export { bytesCodec, jsonCodec, msgpackCodec, textCodec } from './streams/codec.ts'
export type { Commitment, CommitmentStatus } from './streams/commitment.ts'
export { type ConsumerDescription, Consumers, type RegisterOptions } from './streams/consumers.ts'
export { type CreateStreamOptions, streamDefaults } from './streams/create-options.ts'
export type { DeleteStreamOptions } from './streams/delete-options.ts'
export type { ShardDescription, StreamDescription, WarmThroughput } from './streams/description.ts'
export type { EntryStreamOptions } from './streams/entry-stream-options.ts'
export { entryStreamDefaults } from './streams/entry-stream-options.ts'
export type { HeavyKey } from './streams/heavy-keys.ts'
export type { LimitOptions } from './streams/limit-options.ts'
export type { LimitCount, LimitReport, ShardLimitReport } from './streams/limit-report.ts'
export type { LimitEvent, LimitListener, LimitName, LimitsMode } from './streams/limits.ts'
export type { ShardMinute } from './streams/meter.ts'
export type { MetricRange } from './streams/metric-range.ts'
export { type ShardMetricName, shardMetricNames } from './streams/metric-names.ts'
export { RecordReadable } from './streams/node-readable.ts'
export { EntryWritable } from './streams/node-writable.ts'
export type { KeylessEntry, NotStored, PutEntry, PutOptions, PutResult } from './streams/put.ts'
export { Stored } from './streams/put.ts'
export type {
  BatchControls,
  ReadBatchesOptions,
  ReadControls,
  ReadOptions,
  RecordStreamControls,
  RecordStreamOptions,
} from './streams/read-options.ts'
export { leaseDefaults, readDefaults } from './streams/read-options.ts'
export type { Gap } from './streams/reader.ts'
export { RecordBatch } from './streams/record-batch.ts'
export { RecordReader } from './streams/record-reader.ts'
export { StoredRecord } from './streams/record.ts'
export type { SequenceFields, SequenceNumber } from './streams/sequence-number.ts'
export { parseSequenceNumber } from './streams/sequence-number.ts'
export { type MonitoringChange, Settings } from './streams/settings.ts'
export type { ListShardsOptions, ShardFilter } from './streams/shard-filter.ts'
export type { StartingPosition } from './streams/starting-position.ts'
export type { ShardStats, StreamStats } from './streams/stats.ts'
export type { ConsumerStatus, StreamStatus, Transitions } from './streams/status.ts'
export { Store } from './streams/store.ts'
export type { StoreOptions, StreamOptions } from './streams/store-options.ts'
export { storeDefaults } from './streams/store-options.ts'
export { type GetSyncOptions, Stream } from './streams/stream.ts'
export type { Distribution, StreamMode } from './streams/stream-mode.ts'
export type { Tags } from './streams/tags.ts'
export type { Tag } from './meta/settings.ts'
export type { StoreWarning, WarningListener } from './streams/warning.ts'
