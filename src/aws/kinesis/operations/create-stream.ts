import { KiB } from '../../../units.ts'
import type { Operation } from '../call.ts'

/** Shards of a stream that was created with neither a number of them nor a mode. */
const shardsUsual = 4

interface Input {
  readonly StreamName: string
  readonly ShardCount?: number
  readonly StreamModeDetails?: { readonly StreamMode: 'PROVISIONED' | 'ON_DEMAND' }
  readonly Tags?: ReadonlyMap<string, string>
  readonly WarmThroughputMiBps?: number
  readonly MaxRecordSizeInKiB?: number
  readonly RecordDistributionStrategy?: 'AUTO' | 'USER_PARTITION_KEY'
}

/** Creates a stream. */
export const createStream: Operation = {
  name: 'CreateStream',
  async run(input: Input, call) {
    await call.within(call.account, call.region).createStream(input.StreamName, {
      shards: input.ShardCount ?? shardsUsual,
      ...(input.MaxRecordSizeInKiB === undefined ? {} : { maxRecordBytes: input.MaxRecordSizeInKiB * KiB }),
    })
  },
}
