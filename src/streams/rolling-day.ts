/** What may happen only so often within any 24 hours. Pure: the times that it happened at, in and out. */
import { hourMs } from '../units.ts'
import { limitExceeded, type SettingLimit } from './limit-exceeded.ts'

const dayMs: number = 24 * hourMs

/** The times that count at `nowMs`, milliseconds since 1970, ascending. */
export function withinDay(timesMs: readonly number[], nowMs: number): readonly number[] {
  return timesMs.filter((timeMs) => timeMs > nowMs - dayMs)
}

/**
 * The times with one more, `nowMs`, less those that no longer count.
 *
 * @throws `ERR_MILLRACE_LIMIT_EXCEEDED` when it happened `bound` times already; `details.freeAtMs` says when it may
 *   again
 */
export function onceMoreInDay(
  limit: SettingLimit,
  timesMs: readonly number[] | undefined,
  nowMs: number,
  bound: number,
): readonly number[] {
  const recent = withinDay(timesMs ?? [], nowMs)
  if (recent.length < bound) return [...recent, nowMs]
  const freeAtMs = (recent[recent.length - bound] as number) + dayMs
  throw limitExceeded(limit, recent.length + 1, bound, { freeAtMs })
}
