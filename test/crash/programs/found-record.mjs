import { counterOf } from './payload.mjs'

/** A record as it was read. Throws where its bytes are not those that were stored. */
export class FoundRecord {
  constructor({ shardId, sequenceNumber, arrivedAtMs, partitionKey, data }) {
    this.shardId = shardId
    this.sequenceNumber = BigInt(sequenceNumber)
    this.arrivedAtMs = arrivedAtMs
    this.counter = counterOf(data, partitionKey)
  }

  toString() {
    return `${this.counter}@${this.shardId}:${this.sequenceNumber}`
  }
}
