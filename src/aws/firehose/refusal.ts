/** Errors of the library in the service's words. What a text needs is in the error's details. */
import { type ErrorCode, type ErrorDetails, MillraceError } from '../../errors.ts'
import {
  Fault,
  inUseFault,
  internalFault,
  invalidArgumentFault,
  limitFault,
  notFoundFault,
} from '../wire/fault.ts'

/** Puts that nobody can be blamed for, and that may be well a moment later. */
const overload: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'ERR_MILLRACE_THROTTLED',
  'ERR_MILLRACE_BACKLOG',
  'ERR_MILLRACE_NO_SPACE',
])

/** Whether a record was refused because there are too many of them. */
export function isOverload(error: unknown): boolean {
  return error instanceof MillraceError && overload.has(error.code)
}

/** The fault to answer for whatever an operation failed with. */
export function faultOf(error: unknown, operation: string, account: string): Fault {
  if (error instanceof Fault) return error
  if (!(error instanceof MillraceError)) return internalFault(error)
  return refusalOf(error, operation, account) ?? failureOf(error, operation)
}

/** What is said of a record of a batch (AWS API model: two codes). */
export function entryFault(error: unknown): { readonly type: string; readonly message: string } {
  return isOverload(error)
    ? { type: 'ServiceUnavailableException', message: 'Slow down.' }
    : { type: 'InternalFailure', message: 'Internal Service Failure' }
}

/** What the library refuses because of the call; `undefined` for what went wrong in the store. */
function refusalOf(error: MillraceError, operation: string, account: string): Fault | undefined {
  const { code, details } = error
  const name = textIn(details, 'name') ?? ''
  const own = textIn(details, 'account') ?? account
  if (isOverload(error))
    return new Fault('ServiceUnavailableException', 'Slow down.', { status: 500, cause: error })
  switch (code) {
    case 'ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND':
      return notFoundFault(`Firehose ${name} under account ${own} not found.`)
    case 'ERR_MILLRACE_DELIVERY_STREAM_EXISTS':
      return inUseFault(`Firehose ${name} under accountId ${own} already exists`)
    case 'ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE':
      return notActive(operation, name, own, textIn(details, 'status') ?? '')
    case 'ERR_MILLRACE_VERSION_CONFLICT':
      return versionConflict(name, details)
    case 'ERR_MILLRACE_STREAM_NOT_FOUND':
      return invalidArgumentFault(`Kinesis stream ${name} under account ${own} not found.`)
    case 'ERR_MILLRACE_LIMIT_EXCEEDED':
      return limitFault(capitalised(error.message))
    case 'ERR_MILLRACE_READ_ONLY':
      return new Fault('AccessDeniedException', capitalised(error.message))
    case 'ERR_MILLRACE_INVALID_ARGUMENT':
    case 'ERR_MILLRACE_UNSUPPORTED':
      return invalidArgument(error)
    default:
      return undefined
  }
}

/** Somebody else was quicker, or the caller never knew. */
export function versionConflict(name: string, { versionId, asked }: ErrorDetails): Fault {
  return new Fault(
    'ConcurrentModificationException',
    `Cannot update firehose: ${name} since the current version id: ${String(versionId)} and specified version id: ` +
      `${String(asked)} do not match`,
  )
}

/** Puts have no fault for what is being created or deleted (AWS API model): to them it is not there. */
function notActive(operation: string, name: string, account: string, status: string): Fault {
  const text = `Firehose ${name} under account ${account} is not ACTIVE, instead in state ${status}.`
  return operation.startsWith('Put') ? notFoundFault(text) : inUseFault(text)
}

/** Whoever has the store in the same process wants to know what is wrong with it. */
function failureOf(error: MillraceError, operation: string): Fault {
  return new Fault('InternalFailureException', `${operation}: ${error.code}: ${error.message}`, {
    status: 500,
    cause: error,
  })
}

/**
 * What some part of the library says of a member of a request.
 *
 * @param memberOf members by the library's names
 * @returns the error itself if it is about no argument
 */
export function asInvalidArgument(error: unknown, memberOf: Readonly<Record<string, string>> = {}): unknown {
  if (!(error instanceof MillraceError)) return error
  const { code } = error
  if (code !== 'ERR_MILLRACE_INVALID_ARGUMENT' && code !== 'ERR_MILLRACE_UNSUPPORTED') return error
  return invalidArgument(error, memberOf)
}

function invalidArgument(
  { details, message }: MillraceError,
  memberOf: Readonly<Record<string, string>> = { 'source.streamArn': 'KinesisStreamARN' },
): Fault {
  const field = textIn(details, 'field') ?? ''
  const member = memberOf[field]
  return invalidArgumentFault(
    member !== undefined && message.startsWith(field)
      ? member + message.slice(field.length)
      : capitalised(message),
  )
}

function capitalised(message: string): string {
  return message.slice(0, 1).toUpperCase() + message.slice(1)
}

function textIn(details: ErrorDetails, name: string): string | undefined {
  const value = details[name]
  return typeof value === 'string' ? value : undefined
}
