import type { Buckets } from '../log/buckets.ts'

/** Buckets of a shard that a record is taken from: records, bytes. */
const width = 2

/** Records of one put that a shard's limits judge by one call, one after the other. Reused. */
export class JudgedWrites {
  #amounts: Float64Array = new Float64Array(width * 17)
  #lacks: Uint8Array = new Uint8Array(16)
  #count = 0

  /** Forgets all records; so many will be added at most. */
  clear(count: number): void {
    this.#count = 0
    if (count <= this.#lacks.length) return
    this.#amounts = new Float64Array(width * (1 + 2 * count))
    this.#lacks = new Uint8Array(2 * count)
  }

  /** @param bytes key and data */
  add(bytes: number): void {
    this.#count += 1
    this.#amounts[width * this.#count] = 1
    this.#amounts[width * this.#count + 1] = bytes
  }

  /**
   * Takes each record from a bucket of records and one of bytes, or refuses it. Answers how many were refused.
   *
   * @param recordsMax what the bucket of records holds
   * @param bytesMax what the bucket of bytes holds
   */
  judge(buckets: Buckets, recordsMax: number, bytesMax: number, nowMs: number): number {
    this.#amounts[0] = recordsMax
    this.#amounts[1] = bytesMax
    return buckets.take(0, width, this.#amounts, this.#lacks, this.#count, nowMs)
  }

  /** By which limit the n-th record was refused, if it was. */
  refusal(index: number): 'write-records' | 'write-bytes' | undefined {
    const lacking = this.#lacks[index]
    if (lacking === 0) return undefined
    return lacking === 1 ? 'write-records' : 'write-bytes'
  }
}
