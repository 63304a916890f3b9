import { createHash } from 'node:crypto'
import type { StreamKey } from '../../meta/commands.ts'
import { firstSlotOf, type StreamState } from '../../meta/state.ts'
import type { ShardIterator } from '../../streams/shard-iterator.ts'
import { formatShardId } from '../../streams/shard-id.ts'
import type { StreamCore } from '../../streams/stream-core.ts'
import { minuteMs } from '../../units.ts'
import { Fault, invalidArgumentFault } from '../wire/fault.ts'
import { openToken, sealToken } from '../wire/sealed-token.ts'
import type { Call } from './call.ts'

/** A shard iterator can be used for so long after it was answered (AWS API model). */
export const iteratorLifeMs: number = 5 * minuteMs

const purpose = 'shard iterator'

/** What a shard iterator stands for. */
export interface IteratorTarget {
  readonly core: StreamCore
  readonly iterator: ShardIterator
}

/** Writes a shard iterator down. It holds in every process that has the store, also after a restart. */
export function writeIterator(core: StreamCore, iterator: ShardIterator, nowMs: number): string {
  const { account, region, name } = core.state.key
  const { shardIndex, shardCreatedAtSeconds, offset } = iterator
  const inside = JSON.stringify([account, region, name, shardIndex, shardCreatedAtSeconds, offset, nowMs])
  return sealToken(inside, secretOf(core.state), purpose)
}

/** @throws `InvalidArgumentException`, `ExpiredIteratorException`, `ResourceNotFoundException` */
export function readIterator(token: string, call: Call): IteratorTarget {
  const opened = openToken(token)
  const written = opened === undefined ? undefined : parts(opened.inside)
  if (opened === undefined || written === undefined) throw invalidIterator()
  const core = call.inside.core(written.key)
  if (!opened.isSealedWith(secretOf(core.state), purpose)) throw invalidIterator()
  // Also one of the future: the clock was set back since, and nobody knows how old it is.
  if (Math.abs(call.nowMs - written.madeAtMs) > iteratorLifeMs)
    throw expiredIterator(written.madeAtMs, call.nowMs)
  return { core, iterator: written.iterator }
}

/** Which stream an iterator says that it is of; `undefined` for what is none. Believes what it reads. */
export function keyInIterator(token: string): StreamKey | undefined {
  const opened = openToken(token)
  return opened && parts(opened.inside)?.key
}

/** Which shard an iterator says that it is of; `undefined` for what is none. Believes what it reads. */
export function claimedBy(
  token: string,
): { readonly streamName: string; readonly shardId: string } | undefined {
  const opened = openToken(token)
  const written = opened && parts(opened.inside)
  return written && { streamName: written.key.name, shardId: formatShardId(written.iterator.shardIndex) }
}

interface Written {
  readonly key: StreamKey
  readonly iterator: ShardIterator
  readonly madeAtMs: number
}

/** What somebody wrote into a token; only its seal says whether that was us. */
function parts(inside: string): Written | undefined {
  let values: unknown
  try {
    values = JSON.parse(inside)
  } catch {
    return undefined
  }
  if (!Array.isArray(values) || values.length !== 7) return undefined
  const [account, region, name, ...numbers] = values as readonly unknown[]
  if (typeof account !== 'string' || typeof region !== 'string' || typeof name !== 'string') return undefined
  // The seal is of the stream that it names: what names none cannot be looked up.
  if (!/^\d{12}$/.test(account) || !/^[a-z0-9-]{1,64}$/.test(region) || !/^[\w.-]{1,128}$/.test(name))
    return undefined
  if (!numbers.every((number) => Number.isSafeInteger(number))) return undefined
  const [shardIndex, shardCreatedAtSeconds, offset, madeAtMs] = numbers as [number, number, number, number]
  return {
    key: { account, region, name },
    iterator: { shardIndex, shardCreatedAtSeconds, offset },
    madeAtMs,
  }
}

/**
 * What only whoever has the store knows of a stream: the name of its first shard's log, which the engine draws at
 * random. It is as old as the stream, so tokens of a deleted one are none of its successor.
 */
export function secretOf(state: StreamState): Buffer {
  const slot = firstSlotOf(state) ?? {}
  const entries = Object.entries(slot).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(entries)).digest()
}

function invalidIterator(): Fault {
  return invalidArgumentFault('Invalid ShardIterator.')
}

/** `ExpiredIteratorException`, of an iterator that was made at a time. Milliseconds since 1970. */
export function expiredIterator(madeAtMs: number, nowMs: number): Fault {
  return new Fault(
    'ExpiredIteratorException',
    `Iterator expired. The iterator was created at time ${javaDate(madeAtMs)} while right now it is ` +
      `${javaDate(nowMs)} which is further in the future than the tolerated delay of ${iteratorLifeMs} milliseconds.`,
  )
}

/** Such as `Thu Jan 22 01:22:02 UTC 2015`. */
function javaDate(ms: number): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = new Date(ms).toUTCString().split(' ')
  return `${weekday.slice(0, 3)} ${month} ${day} ${time} UTC ${year}`
}
