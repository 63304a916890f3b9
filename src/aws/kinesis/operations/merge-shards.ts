import { MillraceError } from '../../../errors.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { requireProvisioned, reshardFault } from '../reshard-refusal.ts'
import { shardOf } from '../shard-target.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly ShardToMerge: string
  readonly AdjacentShardToMerge: string
}

/** Merges two neighbours, the lower one named first; answers once what replaces them takes records. */
export const mergeShards: Operation = {
  name: 'MergeShards',
  async run(input: Input, call) {
    const { stream, core } = streamOfTarget(input, call)
    requireProvisioned(core)
    const lower = shardOf(core, input.ShardToMerge)
    const upper = shardOf(core, input.AdjacentShardToMerge)
    try {
      await stream.mergeShards(lower.id, upper.id)
    } catch (error) {
      if (error instanceof MillraceError && error.details['field'] === 'adjacentShardId') {
        const { name, account } = core.state.key
        throw invalidArgumentFault(
          `Shards ${lower.id} and ${upper.id} in stream ${name} under account ${account} ` +
            'are not an adjacent pair of shards eligible for merging',
        )
      }
      throw reshardFault(error, core)
    }
  },
}
