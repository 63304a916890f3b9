/** Why a store refuses what concerns a whole stream. */
import { MillraceError } from '../errors.ts'
import type { StreamKey } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import { presentConsumers } from './consumers.ts'
import { notActive, streamStatus } from './status.ts'

export function closedError(): MillraceError {
  return new MillraceError('ERR_MILLRACE_CLOSED', 'the store is closed')
}

export function streamNotFound(key: StreamKey): MillraceError {
  return new MillraceError('ERR_MILLRACE_STREAM_NOT_FOUND', `there is no stream ${key.name}`, {
    details: { ...key },
  })
}

export function streamExists(key: StreamKey): MillraceError {
  return new MillraceError('ERR_MILLRACE_STREAM_EXISTS', `there is a stream ${key.name} already`, {
    details: { ...key },
  })
}

/**
 * Whether a stream may be deleted.
 *
 * @param withConsumers its consumers may go, too
 * @throws `ERR_MILLRACE_STREAM_NOT_ACTIVE`, `ERR_MILLRACE_STREAM_IN_USE`
 */
export function requireDeletable(state: StreamState, nowMs: number, withConsumers: boolean): void {
  const status = streamStatus(state, nowMs)
  if (status === 'DELETING') throw notActive(state, status)
  const consumers = presentConsumers(state, nowMs).length
  if (consumers === 0 || withConsumers) return
  const { name } = state.key
  throw new MillraceError(
    'ERR_MILLRACE_STREAM_IN_USE',
    `the stream ${name} has registered consumers; delete it with enforceConsumerDeletion, or deregister them`,
    { details: { stream: name, consumers } },
  )
}
