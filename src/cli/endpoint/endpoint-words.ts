import type { Shard, StreamDescriptionSummary } from '@aws-sdk/client-kinesis'
import { bytes, count, hours, time } from '../figures.ts'
import { table } from '../table.ts'

/** Streams at an endpoint as a table. */
export function listed(streams: readonly StreamDescriptionSummary[], place: string): readonly string[] {
  if (streams.length === 0) return [`no streams at ${place}`]
  const rows = streams.map((stream) => [
    stream.StreamName ?? '',
    count(stream.OpenShardCount ?? 0),
    hours(stream.RetentionPeriodHours ?? 0),
    stream.StreamStatus ?? '',
    stream.StreamModeDetails?.StreamMode ?? 'PROVISIONED',
  ])
  return table(
    ['stream', 'shards', 'retention', 'status', 'mode'],
    ['left', 'right', 'right', 'left', 'left'],
    rows,
  )
}

/** A stream at an endpoint and its shards, in words. */
export function described(stream: StreamDescriptionSummary, shards: readonly Shard[]): readonly string[] {
  const { StreamName, StreamARN, StreamCreationTimestamp, StreamStatus, RetentionPeriodHours } = stream
  const largest =
    stream.MaxRecordSizeInKiB === undefined ? '' : `, each up to ${bytes(stream.MaxRecordSizeInKiB * 1024)}`
  const created =
    StreamCreationTimestamp === undefined ? '' : `created ${time(StreamCreationTimestamp.getTime())}, `
  const rows = shards.map(({ ShardId, HashKeyRange, ParentShardId, SequenceNumberRange }) => [
    ShardId ?? '',
    HashKeyRange?.StartingHashKey ?? '',
    HashKeyRange?.EndingHashKey ?? '',
    ParentShardId ?? '',
    SequenceNumberRange?.EndingSequenceNumber === undefined ? 'open' : 'ended',
  ])
  return [
    `${StreamName ?? ''}  ${StreamARN ?? ''}  ${StreamStatus ?? ''}`,
    `${created}records are kept for ${hours(RetentionPeriodHours ?? 0)}${largest}`,
    '',
    ...table(
      ['shard', 'from hash key', 'to', 'parent', 'state'],
      ['left', 'right', 'right', 'left', 'left'],
      rows,
    ),
  ]
}
