import { MillraceError } from '../errors.ts'
import { hashKeyMax } from './hash-key.ts'
import type { Shard } from './shard.ts'

/** Which open shard takes which hash keys. The open shards of a stream always cover all of them, without gap. */
export class ShardMap {
  /** By the start of their range: the order that a `Router` counts in. */
  readonly open: readonly Shard[]
  /** First hash key of each open shard's range; the first is 0. */
  readonly starts: readonly bigint[]

  /** @throws `ERR_MILLRACE_CORRUPT` if the ranges leave a gap or overlap: then the metadata is damaged */
  constructor(shards: readonly Shard[]) {
    const ranges = shards
      .map((shard) => ({
        shard,
        start: BigInt(shard.spec.startingHashKey),
        end: BigInt(shard.spec.endingHashKey),
      }))
      .toSorted((a, b) => (a.start < b.start ? -1 : 1))
    let next = 0n
    for (const { shard, start, end } of ranges) {
      if (start !== next || end < start) throw uncovered(shard)
      next = end + 1n
    }
    if (next !== hashKeyMax + 1n) throw uncovered(ranges.at(-1)?.shard)
    this.open = ranges.map(({ shard }) => shard)
    this.starts = ranges.map(({ start }) => start)
  }
}

function uncovered(shard: Shard | undefined): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_CORRUPT',
    `the metadata leaves a gap or an overlap in the hash keys at ${shard?.id ?? 'a stream without shards'}`,
    { details: { shardId: shard?.id } },
  )
}
