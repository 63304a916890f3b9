import { MillraceError } from '../../errors.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { modeOf } from '../../streams/stream-mode.ts'
import { invalidArgumentFault, validationFault } from '../wire/fault.ts'

/** @throws `ValidationException` for a stream whose shards follow its load */
export function requireProvisioned(core: StreamCore): void {
  if (modeOf(core.state) === 'PROVISIONED') return
  const { name, account } = core.state.key
  throw validationFault(`Request is invalid. Stream ${name} under account ${account} is in On-Demand mode.`)
}

/** What a split or merge of a closed shard fails with. */
export function reshardFault(error: unknown, core: StreamCore): unknown {
  if (!(error instanceof MillraceError) || error.code !== 'ERR_MILLRACE_SHARD_SEALED') return error
  const { name, account } = core.state.key
  return invalidArgumentFault(
    `Shard ${String(error.details['shardId'])} in stream ${name} under account ${account} has already been ` +
      'merged or split, and thus is not eligible for merging or splitting.',
  )
}
