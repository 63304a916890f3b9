import { hashKeyMax } from '../../streams/hash-key.ts'
import type { KeylessEntry, PutEntry } from '../../streams/put.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { type Fault, invalidArgumentFault, validationFault } from '../wire/fault.ts'

/** One record as `PutRecord` and the entries of `PutRecords` have it. */
export interface RecordEntry {
  readonly Data: Uint8Array
  readonly PartitionKey?: string
  readonly ExplicitHashKey?: string
}

/** What a record counts against limits: data and key, bytes. */
export function bytesOfEntry({ Data, PartitionKey = '' }: RecordEntry): number {
  return Data.length + Buffer.byteLength(PartitionKey)
}

/**
 * Turns a record into what the library puts.
 *
 * @param at where it stands in the request, such as `records.1.member.`
 * @throws `ValidationException`, `InvalidArgumentException`
 */
export function entryOf(
  record: RecordEntry,
  bytes: number,
  core: StreamCore,
  at: () => string,
): PutEntry | KeylessEntry {
  const { Data, PartitionKey, ExplicitHashKey } = record
  if (bytes > core.state.maxRecordBytes) throw tooLarge(record, core.state.maxRecordBytes, at())
  if (ExplicitHashKey !== undefined && ExplicitHashKey.length > 38 && BigInt(ExplicitHashKey) > hashKeyMax) {
    throw invalidArgumentFault(
      'Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. ' +
        `Specified value was ${ExplicitHashKey}`,
    )
  }
  if (PartitionKey !== undefined) {
    return { partitionKey: PartitionKey, data: Data, explicitHashKey: ExplicitHashKey }
  }
  if (!core.spreads) throw withoutKey(at())
  return { partitionKey: undefined, data: Data, explicitHashKey: ExplicitHashKey }
}

function tooLarge({ Data }: RecordEntry, bytesMax: number, at: string): Fault {
  const shown = `java.nio.HeapByteBuffer[pos=0 lim=${Data.length} cap=${Data.length}]`
  return validationFault(
    `1 validation error detected: Value '${shown}' at '${at}data' failed to satisfy constraint: ` +
      `Member must have length less than or equal to ${bytesMax}, its partition key included`,
  )
}

function withoutKey(at: string): Fault {
  return validationFault(
    `1 validation error detected: Value null at '${at}partitionKey' failed to satisfy constraint: ` +
      'Member must not be null',
  )
}
