/** What may be forgotten when. Pure: numbers in, numbers out. */
import type { StreamState } from '../meta/state.ts'
import { hourMs } from '../units.ts'

/** Hours. */
export const retentionHoursMin = 24
/** Hours: 365 days. */
export const retentionHoursMax = 8760

type Retained = Pick<StreamState, 'retentionHours' | 'hiddenBeforeMs'>

/** How long records are kept, milliseconds. */
export function retentionMs(stream: Pick<StreamState, 'retentionHours'>): number {
  return stream.retentionHours * hourMs
}

/**
 * Records that arrived before this are hidden: those past their age, and those that were hidden under an earlier,
 * shorter retention. Milliseconds since 1970.
 */
export function horizonMs(stream: Retained, nowMs: number): number {
  return Math.max(stream.hiddenBeforeMs, nowMs - retentionMs(stream))
}

/** The first moment at which a record that arrived at `arrivedAtMs` is hidden. */
export function expiresAtMs(stream: Retained, arrivedAtMs: number): number {
  return arrivedAtMs + retentionMs(stream) + 1
}
