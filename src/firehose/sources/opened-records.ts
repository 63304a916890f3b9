import { deaggregate, type OwnHashKeys } from '../../aggregation.ts'
import type { DeliveryRecord, RecordOrigin } from '../delivery-record.ts'

/** The range of a shard, of decimal numbers. */
export function ownHashKeys(startingHashKey: string, endingHashKey: string): OwnHashKeys {
  return { start: BigInt(startingHashKey), end: BigInt(endingHashKey) }
}

/**
 * Adds a record to `records`; of one that the producer library put together, those that are in it and belong to the shard.
 * They share its arrival and sequence number.
 */
export function addOpened(
  records: DeliveryRecord[],
  data: Uint8Array,
  arrivedAtMs: number,
  origin: RecordOrigin,
  own: OwnHashKeys | undefined,
): void {
  const inside = deaggregate(data, own)
  if (inside === undefined) {
    records.push({ data, arrivedAtMs, origin })
    return
  }
  const { shardId, sequenceNumber } = origin
  for (const { data: part, partitionKey, subsequenceNumber } of inside) {
    records.push({
      data: part,
      arrivedAtMs,
      origin: { shardId, partitionKey, sequenceNumber, subsequenceNumber },
    })
  }
}
