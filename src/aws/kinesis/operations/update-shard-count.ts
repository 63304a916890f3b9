import { MillraceError } from '../../../errors.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { requireProvisioned, reshardFault } from '../reshard-refusal.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly TargetShardCount: number
  readonly ScalingType: 'UNIFORM_SCALING'
}

/** Changes the number of open shards by splits and merges; answers once that is done. */
export const updateShardCount: Operation = {
  name: 'UpdateShardCount',
  async run(input: Input, call) {
    const { stream, core } = streamOfTarget(input, call)
    requireProvisioned(core)
    const before = stream.describe().shardCount
    const { TargetShardCount: target } = input
    try {
      await stream.updateShardCount(target)
    } catch (error) {
      throw reshardFault(outOfReach(error, before, target), core)
    }
    return {
      StreamName: stream.name,
      StreamARN: stream.arn,
      CurrentShardCount: before,
      TargetShardCount: target,
    }
  },
}

function outOfReach(error: unknown, before: number, target: number): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'ERR_MILLRACE_LIMIT_EXCEEDED') return error
  const counts = `Current open shard count: ${before} Target shard count: ${target}`
  switch (error.details['limit']) {
    case 'twice':
      return invalidArgumentFault(
        `UpdateShardCount cannot scale up over double your current open shard count. ${counts}`,
      )
    case 'half':
      return invalidArgumentFault(
        `UpdateShardCount cannot scale down below half your current open shard count. ${counts}`,
      )
    default:
      return error
  }
}
