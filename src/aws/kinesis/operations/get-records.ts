import { polledPage } from '../../../streams/polling.ts'
import type { ShardPage } from '../../../streams/shard-page.ts'
import { whenWritten } from '../../wire/service.ts'
import type { Operation } from '../call.ts'
import { childShardsOutput } from '../child-shards.ts'
import { refuseDryRun } from '../dry-run.ts'
import { ageMsOf } from '../record-age.ts'
import { recordsOf } from '../record-output.ts'
import { readIterator, writeIterator } from '../shard-token.ts'
import { requireSameStream, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly ShardIterator: string
  readonly Limit?: number
  readonly DryRun?: boolean
}

/** Records from an iterator on: what is there now, up to 10 MiB. */
export const getRecords: Operation = {
  name: 'GetRecords',
  async run(input: Input, call) {
    const { core, iterator } = readIterator(input.ShardIterator, call)
    call.watcher?.about(core.state.key.name)
    requireSameStream(input, core)
    core.requireUsable()
    refuseDryRun(input.DryRun)
    const page: ShardPage = await polledPage(core, iterator, { records: input.Limit })
    call.watcher?.read(page.records, page.bytes, page.millisBehindLatest, ageMsOf(page.batches, call.nowMs))
    return {
      Records: recordsOf(page.batches),
      NextShardIterator: page.next === undefined ? undefined : writeIterator(core, page.next, call.nowMs),
      MillisBehindLatest: page.millisBehindLatest,
      [whenWritten]: () => page.release(),
      ChildShards: page.next === undefined ? childShardsOutput(page.childShards) : undefined,
    }
  },
}
