/** How many shards and streams an account has, and may have. Pure. */
import type { AccountSettings } from '../meta/settings.ts'
import type { StreamState } from '../meta/state.ts'
import { limitExceeded } from './limit-exceeded.ts'
import { openShardsOf, openShardsToCome } from './open-shards.ts'
import { streamStatus } from './status.ts'
import { modeOf } from './stream-mode.ts'

/** How many shards and streams an account has, and may have. */
export interface AccountLimits {
  readonly openShards: number
  readonly shardLimit: number
  readonly onDemandStreams: number
  readonly onDemandStreamLimit: number
}

/** Limits of an account to set; what is left out stays. */
export interface AccountLimitOptions {
  /** Open shards of all its streams: 1 to 1,000,000. */
  readonly shardLimit?: number | undefined
  /** Streams that are ON_DEMAND: 1 to 1,000,000. */
  readonly onDemandStreamLimit?: number | undefined
}

/**
 * The limits that AWS begins with: 20,000 shards in its three largest regions and 50 streams on demand. They are shown
 * and not enforced; what was set is.
 */
export const accountLimitDefaults: { readonly shardLimit: number; readonly onDemandStreamLimit: number } = {
  shardLimit: 20_000,
  onDemandStreamLimit: 50,
}

/** Streams that are CREATING at the same time (AWS API model). */
const creatingStreamsMax = 5

/** What an account is to have beside what it has. */
export interface Addition {
  readonly shards?: number
  readonly onDemandStreams?: number
}

/** What an account has, and may have. */
export function limitsOf(states: readonly StreamState[], settings: AccountSettings): AccountLimits {
  const { shardLimit, onDemandStreamLimit } = { ...accountLimitDefaults, ...settings }
  const openShards = sumOf(states, openShardsOf)
  const onDemandStreams = sumOf(states, onDemand)
  return { openShards, shardLimit, onDemandStreams, onDemandStreamLimit }
}

/** Whether limits of an account were set. */
export function isLimited({ shardLimit, onDemandStreamLimit }: AccountSettings): boolean {
  return shardLimit !== undefined || onDemandStreamLimit !== undefined
}

/**
 * Whether an account may have more shards or streams on demand, by the limits that were set. Shards that are about to
 * open count, and those that are about to close.
 *
 * @throws `ERR_MILLRACE_LIMIT_EXCEEDED`
 */
export function requireRoom(
  states: readonly StreamState[],
  { shardLimit, onDemandStreamLimit }: AccountSettings,
  { shards = 0, onDemandStreams = 0 }: Addition,
): void {
  if (shards > 0) requireBelow('accountShards', sumOf(states, openShardsToCome) + shards, shardLimit)
  if (onDemandStreams > 0) {
    requireBelow('onDemandStreams', sumOf(states, onDemand) + onDemandStreams, onDemandStreamLimit)
  }
}

/**
 * Whether one more stream may be CREATING.
 *
 * @throws `ERR_MILLRACE_LIMIT_EXCEEDED`
 */
export function requireRoomToCreate(states: readonly StreamState[], nowMs: number): void {
  const creating = states.filter((state) => streamStatus(state, nowMs) === 'CREATING').length
  requireBelow('creatingStreams', creating + 1, creatingStreamsMax)
}

function requireBelow(
  limit: 'accountShards' | 'onDemandStreams' | 'creatingStreams',
  value: number,
  bound: number | undefined,
): void {
  if (bound !== undefined && value > bound) throw limitExceeded(limit, value, bound)
}

function sumOf(states: readonly StreamState[], countOf: (state: StreamState) => number): number {
  let sum = 0
  for (const state of states) sum += countOf(state)
  return sum
}

function onDemand(state: StreamState): number {
  return modeOf(state) === 'ON_DEMAND' ? 1 : 0
}
