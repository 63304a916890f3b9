import { openShardsMax } from '../../../streams/reshard-plan.ts'
import type { Distribution, StreamMode } from '../../../streams/stream-mode.ts'
import { KiB } from '../../../units.ts'
import { invalidArgumentFault, limitFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { tagsOf } from '../tag-output.ts'

/** Shards of a stream that was created with neither a number of them nor a mode. */
const shardsUsual = 4

interface Input {
  readonly StreamName: string
  readonly ShardCount?: number
  readonly StreamModeDetails?: { readonly StreamMode: StreamMode }
  readonly Tags?: ReadonlyMap<string, string>
  readonly WarmThroughputMiBps?: number
  readonly MaxRecordSizeInKiB?: number
  readonly RecordDistributionStrategy?: Distribution
}

/** Creates a stream. */
export const createStream: Operation = {
  name: 'CreateStream',
  async run(input: Input, call) {
    const { MaxRecordSizeInKiB: maxRecordKiB, Tags: tags } = input
    const mode = input.StreamModeDetails?.StreamMode ?? 'PROVISIONED'
    await call.within(call.account, call.region).createStream(input.StreamName, {
      mode,
      shards: shardsOf(input, mode),
      maxRecordBytes: maxRecordKiB === undefined ? undefined : maxRecordKiB * KiB,
      tags: tags === undefined ? undefined : tagsOf(tags),
      warmThroughputMiBps: input.WarmThroughputMiBps,
      distribution: input.RecordDistributionStrategy,
    })
  },
}

function shardsOf(
  { ShardCount: count, StreamModeDetails: given }: Input,
  mode: StreamMode,
): number | undefined {
  if (mode === 'PROVISIONED') {
    if (count === undefined && given !== undefined) {
      throw invalidArgumentFault('ShardCount must be specified for a stream in PROVISIONED mode.')
    }
    if (count !== undefined && count > openShardsMax) {
      throw limitFault(
        `ShardCount: a stream has at most ${openShardsMax} open shards, this would be ${count}`,
      )
    }
    return count ?? shardsUsual
  }
  if (count !== undefined)
    throw invalidArgumentFault('ShardCount cannot be specified for a stream in ON_DEMAND mode.')
  return undefined
}
