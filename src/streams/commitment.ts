/** The commitment of an account to a minimum throughput, derived from stored times. Pure. */
import type { AccountSettings } from '../meta/settings.ts'
import { hourMs } from '../units.ts'

/** It lasts so long at least (AWS API model). */
const commitmentMsMin: number = 24 * hourMs

/** As AWS names them (AWS API model). */
export type CommitmentStatus = 'ENABLED' | 'DISABLED' | 'ENABLED_UNTIL_EARLIEST_ALLOWED_END'

/** The commitment of an account. Times are milliseconds since 1970; absent where it was never made. */
export interface Commitment {
  readonly status: CommitmentStatus
  readonly startedAtMs: number | undefined
  readonly endedAtMs: number | undefined
  readonly earliestAllowedEndAtMs: number | undefined
}

/** What it is at a moment. */
export function commitmentAt({ commitment }: AccountSettings, nowMs: number): Commitment {
  if (commitment === undefined) {
    return {
      status: 'DISABLED',
      startedAtMs: undefined,
      endedAtMs: undefined,
      earliestAllowedEndAtMs: undefined,
    }
  }
  const { startedAtMs, earliestEndAtMs, endsAtMs } = commitment
  const ended = endsAtMs !== undefined && endsAtMs <= nowMs
  const enabled = endsAtMs === undefined ? 'ENABLED' : 'ENABLED_UNTIL_EARLIEST_ALLOWED_END'
  return {
    status: ended ? 'DISABLED' : enabled,
    startedAtMs,
    endedAtMs: ended ? endsAtMs : undefined,
    earliestAllowedEndAtMs: ended ? undefined : earliestEndAtMs,
  }
}

/** Makes it, or takes back that it ends; none if it holds already. */
export function commitmentEnabled(settings: AccountSettings, nowMs: number): AccountSettings | undefined {
  const { status } = commitmentAt(settings, nowMs)
  if (status === 'ENABLED') return undefined
  if (status === 'ENABLED_UNTIL_EARLIEST_ALLOWED_END' && settings.commitment !== undefined) {
    const { endsAtMs: _, ...commitment } = settings.commitment
    return { ...settings, commitment }
  }
  return { ...settings, commitment: { startedAtMs: nowMs, earliestEndAtMs: nowMs + commitmentMsMin } }
}

/** Ends it, now or as soon as that is allowed; none if that is so already. */
export function commitmentDisabled(settings: AccountSettings, nowMs: number): AccountSettings | undefined {
  const { commitment } = settings
  if (commitment === undefined || commitment.endsAtMs !== undefined) return undefined
  const endsAtMs = Math.max(nowMs, commitment.earliestEndAtMs)
  return { ...settings, commitment: { ...commitment, endsAtMs } }
}
