import type { Shard } from '../../streams/shard.ts'
import { formatShardId } from '../../streams/shard-id.ts'
import { isExpired } from '../../streams/shard-table.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { invalidArgumentFault, notFoundFault } from '../wire/fault.ts'

const indexMax = 2 ** 31 - 1

/** The number in a shard's id: as the service, takes whatever ends in `-` and digits, or is digits. */
export function shardIndexOf(shardId: string): number | undefined {
  const digits = /^(?:.*-)?(\d+)$/.exec(shardId)?.[1]
  if (digits === undefined) return undefined
  const index = Number(digits)
  return index <= indexMax ? index : undefined
}

/** The id as errors print it: with twelve digits if it has a number. */
export function shownShardId(shardId: string): string {
  const index = shardIndexOf(shardId)
  return index === undefined ? shardId : formatShardId(index)
}

/** The shard that an input names, if it is within retention. @throws `ResourceNotFoundException` */
export function shardOf(core: StreamCore, shardId: string): Shard {
  const index = shardIndexOf(shardId)
  const shard = index === undefined ? undefined : core.table.at(index)
  if (shard !== undefined && !isExpired(shard.spec, core.horizonMs())) return shard
  const { name, account } = core.state.key
  throw notFoundFault(
    `Could not find shard ${shownShardId(shardId)} in stream ${name} under account ${account}.`,
  )
}

/** An id as the library writes it. @throws `InvalidArgumentException` for one without a number */
export function normalShardId(shardId: string): string {
  const index = shardIndexOf(shardId)
  if (index === undefined) throw invalidArgumentFault(`Invalid ShardId ${shardId}.`)
  return formatShardId(index)
}
