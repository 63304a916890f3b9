import { MillraceError } from '../errors.ts'
import type { Offset } from '../log/log.ts'
import { decodeRecord } from './encode.ts'
import { replayRecords, type StoredPayload } from './replay.ts'

/**
 * Where the last snapshot begins from which these records lead to a state: what lay before it is not needed. Undefined
 * when there is none, or commands are missing behind it.
 */
export async function lastSnapshot(records: AsyncIterable<StoredPayload>): Promise<Offset | undefined> {
  const kept: StoredPayload[] = []
  const begins: number[] = []
  for await (const { offset, payload } of records) {
    if (isBegin(payload, offset)) begins.push(kept.length)
    kept.push({ offset, payload: Uint8Array.from(payload) })
  }
  for (const index of begins.toReversed()) {
    if (await leadsToState(kept.slice(index))) return kept[index]?.offset
  }
  return undefined
}

function isBegin(payload: Uint8Array, offset: Offset): boolean {
  try {
    return decodeRecord(payload, offset).kind === 'snapshotBegin'
  } catch (error) {
    if (error instanceof MillraceError) return false
    throw error
  }
}

/** The first of them is a snapshot's, so nothing before it counts; unfinished, it leads nowhere. */
async function leadsToState(records: readonly StoredPayload[]): Promise<boolean> {
  try {
    await replayRecords(inTurn(records))
    return true
  } catch (error) {
    if (error instanceof MillraceError) return false
    throw error
  }
}

async function* inTurn<T>(items: readonly T[]): AsyncGenerator<T, undefined, undefined> {
  yield* items
}
