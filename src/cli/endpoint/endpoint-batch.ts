import type { _Record } from '@aws-sdk/client-kinesis'
import type { ViewedBatch } from '../record-view.ts'

const nothing: Uint8Array = new Uint8Array(0)

/** Records of one shard as an endpoint answered them. */
export class EndpointBatch implements ViewedBatch {
  readonly shardId: string
  readonly #records: readonly _Record[]

  constructor(shardId: string, records: readonly _Record[]) {
    this.shardId = shardId
    this.#records = records
  }

  get length(): number {
    return this.#records.length
  }

  bytes(index: number): Uint8Array {
    return this.#records[index]?.Data ?? nothing
  }

  partitionKey(index: number): string {
    return this.#records[index]?.PartitionKey ?? ''
  }

  sequenceNumber(index: number): string {
    return this.#records[index]?.SequenceNumber ?? ''
  }

  arrivedAtMs(index: number): number {
    return this.#records[index]?.ApproximateArrivalTimestamp?.getTime() ?? 0
  }

  /** An endpoint does not tell it. */
  explicitHashKey(): undefined {
    return undefined
  }
}
