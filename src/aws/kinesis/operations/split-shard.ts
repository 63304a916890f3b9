import { MillraceError } from '../../../errors.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { requireProvisioned, reshardFault } from '../reshard-refusal.ts'
import { shardOf } from '../shard-target.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly ShardToSplit: string
  readonly NewStartingHashKey: string
}

/** Splits a shard in two; answers once both take records. */
export const splitShard: Operation = {
  name: 'SplitShard',
  async run(input: Input, call) {
    const { stream, core } = streamOfTarget(input, call)
    requireProvisioned(core)
    const shard = shardOf(core, input.ShardToSplit)
    try {
      await stream.splitShard(shard.id, input.NewStartingHashKey)
    } catch (error) {
      if (error instanceof MillraceError && error.details['field'] === 'newStartingHashKey') {
        const { name, account } = core.state.key
        const { startingHashKey, endingHashKey } = shard.spec
        throw invalidArgumentFault(
          `NewStartingHashKey ${input.NewStartingHashKey} used in SplitShard() on shard ${shard.id} in stream ` +
            `${name} under account ${account} is not both greater than one plus the shard's StartingHashKey ` +
            `${startingHashKey} and less than the shard's EndingHashKey ${endingHashKey}.`,
        )
      }
      throw reshardFault(error, core)
    }
  },
}
