/**
 * What streams and consumers go through, derived from stored times: whoever looks at one moment sees the same, also
 * after a restart and in other processes. Pure.
 */
import { MillraceError } from '../errors.ts'
import type { ConsumerState } from '../meta/settings.ts'
import type { StreamState } from '../meta/state.ts'
import { requireInteger, requireOptions } from '../options.ts'
import { hourMs, secondMs } from '../units.ts'
import { isResharding } from './shard-table.ts'

/** As AWS names them (AWS API model). */
export type StreamStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING'

/** As AWS names them (AWS API model). */
export type ConsumerStatus = 'CREATING' | 'ACTIVE' | 'DELETING'

/** How long streams and consumers stay in the statuses between two others; milliseconds. */
export interface Transitions {
  /** A new stream is CREATING and takes no records. @defaultValue 0 */
  readonly creatingMs?: number | undefined
  /** A stream is UPDATING after a change of its mode, encryption, warm throughput or shards. @defaultValue 0 */
  readonly updatingMs?: number | undefined
  /** A stream that was deleted is still there, DELETING. @defaultValue 0 */
  readonly deletingMs?: number | undefined
  /** A consumer that was registered is CREATING. @defaultValue 0 */
  readonly consumerCreatingMs?: number | undefined
  /** A consumer that was deregistered is still there, DELETING. @defaultValue 0 */
  readonly consumerDeletingMs?: number | undefined
}

/** Every duration. */
export type ChosenTransitions = { readonly [Name in keyof Transitions]-?: number }

/** Everything happens at once. */
export const atOnce: ChosenTransitions = {
  creatingMs: 0,
  updatingMs: 0,
  deletingMs: 0,
  consumerCreatingMs: 0,
  consumerDeletingMs: 0,
}

/**
 * Durations for a rehearsal, those of `transitions: 'aws'`. AWS documents none and they vary: programs should wait for
 * the status, never for a time.
 */
export const awsLike: ChosenTransitions = {
  creatingMs: 15 * secondMs,
  updatingMs: 15 * secondMs,
  deletingMs: 15 * secondMs,
  consumerCreatingMs: 10 * secondMs,
  consumerDeletingMs: 10 * secondMs,
}

const transitionMsMax: number = 24 * hourMs

/** Checks the `transitions` of a store and fills them up. */
export function checkedTransitions(given: Transitions | 'aws' | undefined): ChosenTransitions {
  if (given === undefined) return atOnce
  if (given === 'aws') return awsLike
  const names = Object.keys(atOnce) as (keyof Transitions)[]
  requireOptions('transitions', given, names)
  const chosen: Record<keyof Transitions, number> = { ...atOnce }
  for (const name of names) {
    const value = given[name]
    if (value !== undefined) chosen[name] = requireInteger(`transitions.${name}`, value, 0, transitionMsMax)
  }
  return chosen
}

/** When a transition that begins now ends; undefined when it takes no time. Milliseconds since 1970. */
export function transitionEnd(nowMs: number, durationMs: number): number | undefined {
  return durationMs === 0 ? undefined : nowMs + durationMs
}

/** The status of a stream at a moment. */
export function streamStatus(
  state: Pick<StreamState, 'settings' | 'resharding' | 'targetShards'>,
  nowMs: number,
): StreamStatus {
  const { creatingUntilMs = 0, updatingUntilMs = 0, deletingUntilMs } = state.settings ?? {}
  if (deletingUntilMs !== undefined) return 'DELETING'
  if (nowMs < creatingUntilMs) return 'CREATING'
  return isResharding(state) || nowMs < updatingUntilMs ? 'UPDATING' : 'ACTIVE'
}

/** The status of a consumer at a moment; undefined once it is gone. */
export function consumerStatus(consumer: ConsumerState, nowMs: number): ConsumerStatus | undefined {
  const { creatingUntilMs = 0, deletingUntilMs } = consumer
  if (deletingUntilMs !== undefined) return nowMs < deletingUntilMs ? 'DELETING' : undefined
  return nowMs < creatingUntilMs ? 'CREATING' : 'ACTIVE'
}

/**
 * The rule of most changes: the stream must be ACTIVE (AWS API model: ResourceInUseException).
 *
 * @throws `ERR_MILLRACE_STREAM_NOT_ACTIVE`, whose details name the status
 */
export function requireActive(state: StreamState, nowMs: number): void {
  const status = streamStatus(state, nowMs)
  if (status !== 'ACTIVE') throw notActive(state, status)
}

/** What is refused because of the stream's status. */
export function notActive({ key }: Pick<StreamState, 'key'>, status: StreamStatus): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_STREAM_NOT_ACTIVE',
    `the stream ${key.name} is not ACTIVE but ${status}; try again when it is`,
    { details: { stream: key.name, ...key, status } },
  )
}
