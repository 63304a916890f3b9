import { AssertionError } from 'node:assert'
import { afterHolding, type Clock } from '../clock.ts'
import { invalidArgument } from '../errors.ts'
import { requireCallback, requireInteger, requireMethods, requireOptions } from '../options.ts'
import type { StoredRecord } from '../streams/record.ts'
import type { StartingPosition } from '../streams/starting-position.ts'
import type { Stream } from '../streams/stream.ts'
import { secondMs } from '../units.ts'

/** Options of `waitForRecords`. */
export interface WaitForRecordsOptions<T> {
  /** How many: 1 to 1,000,000. */
  readonly count: number
  /** Only records that this says yes to are counted and answered. @defaultValue all */
  readonly where?: ((record: StoredRecord<T>) => boolean) | undefined
  /** Where it begins to look. @defaultValue `{ from: 'oldest' }` */
  readonly position?: StartingPosition | undefined
  /**
   * How long it waits at most: milliseconds, 1 to 2^31 - 1. They are those of the system, whatever the store's clock
   * says, so that a test which waits for what never comes fails; unless `clock` says otherwise.
   * @defaultValue 5,000
   */
  readonly timeoutMs?: number | undefined
  /**
   * Measures `timeoutMs` instead of the system's clock. On a `ManualClock` nothing fails until somebody advances it
   * that far.
   */
  readonly clock?: Clock | undefined
  /** Ends the wait: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

const keys: readonly string[] = ['count', 'where', 'position', 'timeoutMs', 'clock', 'signal']
const countMax = 1_000_000
const timeoutMsMax: number = 2 ** 31 - 1
const timeoutMsDefault: number = 5 * secondMs
/** Records that a message shows. */
const shownMax = 5

/**
 * Waits until the stream has as many records, and answers the first of them; instead of a `sleep` that is too short
 * on some days and too long on all others. Wakes when they are put, and polls nothing.
 *
 * ```ts
 * const [click] = await waitForRecords(clicks, { count: 1, where: ({ partitionKey }) => partitionKey === 'user-42' })
 * ```
 *
 * Rejects with an `AssertionError` that says what there was instead, when the time is over; with what `where` throws;
 * with `ERR_MILLRACE_INVALID_ARGUMENT` or `ERR_MILLRACE_UNKNOWN_OPTION`; and as `read` does.
 */
export async function waitForRecords<T>(
  stream: Stream<T>,
  options: WaitForRecordsOptions<T>,
): Promise<StoredRecord<T>[]> {
  requireOptions('waitForRecords options', options, keys)
  const count = requireInteger('count', options.count, 1, countMax)
  const timeoutMs = requireInteger('timeoutMs', options.timeoutMs ?? timeoutMsDefault, 1, timeoutMsMax)
  const { where = everyRecord, position = { from: 'oldest' }, clock, signal } = options
  requireCallback('where', where)
  if (clock !== undefined) requireMethods('clock', clock, ['nowMs', 'monotonicMs', 'after'])
  if (typeof position !== 'object') throw invalidArgument('position', position, "such as { from: 'oldest' }")

  const found: StoredRecord<T>[] = []
  let others = 0
  const timedOut = new Error('the time is over')
  const timeout = new AbortController()
  const giveUp = (): void => timeout.abort(timedOut)
  const cancel = clock === undefined ? afterHolding(timeoutMs, giveUp) : clock.after(timeoutMs, giveUp)
  const either = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
  try {
    for await (const record of stream.read({ ...position, signal: either })) {
      if (!where(record)) others += 1
      else if (found.push(record) === count) return found
    }
  } catch (error) {
    if (error !== timedOut) throw error
  } finally {
    cancel()
  }
  throw new AssertionError({
    message:
      `waited ${timeoutMs} ms${clock === undefined ? '' : ' of the given clock'} for ${records(count)} of ` +
      `${stream.name}${where === everyRecord ? '' : ' that match'}, and found ${found.length}${shown(found)}` +
      (others > 0 ? `, beside ${records(others)} that did not match` : ''),
    actual: found.length,
    expected: count,
    operator: 'waitForRecords',
    stackStartFn: waitForRecords,
  })
}

function everyRecord(): boolean {
  return true
}

function records(count: number): string {
  return count === 1 ? '1 record' : `${count} records`
}

function shown<T>(found: readonly StoredRecord<T>[]): string {
  if (found.length === 0) return ''
  const each = found
    .slice(0, shownMax)
    .map(({ partitionKey, shardId, bytes }) => `${partitionKey} in ${shardId}, ${bytes.length} bytes`)
  return `: ${each.join('; ')}${found.length > shownMax ? '; …' : ''}`
}
