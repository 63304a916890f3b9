/** What a stream's mode, distribution and warm throughput may be. Pure. */
import { invalidArgument, MillraceError } from '../errors.ts'
import type { SetSettings } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import { requireInteger, requireOneOf } from '../options.ts'
import { KiB } from '../units.ts'
import { onceMoreInDay } from './rolling-day.ts'
import { requireActive, transitionEnd } from './status.ts'
import { settingsChanged } from './stream-changes.ts'

/** Who decides how many shards there are: the caller, or the load (AWS API model). */
export type StreamMode = 'PROVISIONED' | 'ON_DEMAND'
/** What a record's shard depends on: its key, or nothing (AWS API model). */
export type Distribution = 'USER_PARTITION_KEY' | 'AUTO'

/** Within 24 hours (AWS API model). */
const modeSwitchesMax = 2
/** MiB a second: 10 GiB/s (AWS API model). */
const warmThroughputMax: number = 10 * KiB

/** @throws `ERR_MILLRACE_INVALID_ARGUMENT` */
export function requireMode(mode: unknown): StreamMode {
  return requireOneOf('mode', mode, ['PROVISIONED', 'ON_DEMAND'])
}

/**
 * A distribution that goes with the mode: AUTO only on demand (AWS API model).
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function requireDistribution(distribution: unknown, mode: StreamMode): Distribution {
  const chosen = requireOneOf('distribution', distribution, ['USER_PARTITION_KEY', 'AUTO'])
  if (chosen === 'USER_PARTITION_KEY' || mode === 'ON_DEMAND') return chosen
  throw invalidArgument('distribution', distribution, "'USER_PARTITION_KEY' unless the stream is ON_DEMAND")
}

/**
 * A warm throughput, MiB a second: of streams on demand, in accounts with the commitment to a minimum throughput (AWS
 * API model).
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function requireWarmThroughput(value: unknown, mode: StreamMode, committed: boolean): number {
  const field = 'warmThroughputMiBps'
  const throughput = requireInteger(field, value, 0, warmThroughputMax)
  if (mode !== 'ON_DEMAND') throw invalidArgument(field, value, 'left out unless the stream is ON_DEMAND')
  if (committed) return throughput
  const rule = 'left out unless the account is committed to a minimum throughput'
  throw invalidArgument(field, value, rule)
}

/** The mode of a stream. */
export function modeOf({ settings }: Pick<StreamState, 'settings'>): StreamMode {
  return settings?.mode ?? 'PROVISIONED'
}

/**
 * The rule of splits, merges and numbers of shards: on demand the load decides (AWS API model).
 *
 * @throws `ERR_MILLRACE_UNSUPPORTED`; `details.mode` says why
 */
export function requireProvisioned(state: StreamState): void {
  if (modeOf(state) === 'PROVISIONED') return
  throw new MillraceError(
    'ERR_MILLRACE_UNSUPPORTED',
    `the stream ${state.key.name} is ON_DEMAND: its shards follow its load`,
    { details: { stream: state.key.name, ...state.key, mode: 'ON_DEMAND' } },
  )
}

/** The distribution of a stream. */
export function distributionOf({ settings }: Pick<StreamState, 'settings'>): Distribution {
  return settings?.distribution ?? 'USER_PARTITION_KEY'
}

/**
 * Switches the mode; none if the stream has it. The shards stay as they are.
 *
 * @throws `ERR_MILLRACE_LIMIT_EXCEEDED`, `ERR_MILLRACE_STREAM_NOT_ACTIVE`, `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function modeSwitched(
  state: StreamState,
  mode: StreamMode,
  warmThroughputMiBps: number | undefined,
  nowMs: number,
  updatingMs: number,
): SetSettings | undefined {
  requireActive(state, nowMs)
  if (modeOf(state) === mode) return undefined
  requireDistribution(distributionOf(state), mode)
  return settingsChanged(state, {
    mode: mode === 'ON_DEMAND' ? mode : undefined,
    warmThroughputMiBps,
    modeSwitchesAtMs: onceMoreInDay('modeSwitches', state.settings?.modeSwitchesAtMs, nowMs, modeSwitchesMax),
    updatingUntilMs: transitionEnd(nowMs, updatingMs),
  })
}
