/** Errors of the library in the service's words. What a text needs is in the error's details. */
import { MillraceError } from '../../errors.ts'
import { Fault, inUseFault, internalFault, invalidArgumentFault, notFoundFault } from '../wire/fault.ts'

/** Where a call is made. */
export interface Place {
  readonly account: string
  readonly region: string
}

/** The fault to answer for whatever an operation failed with. */
export function faultOf(error: unknown, operation: string, place: Place): Fault {
  if (error instanceof Fault) return error
  if (!(error instanceof MillraceError)) return internalFault(error)
  const { code, details } = error
  const account = textIn(details, 'account') ?? place.account
  const name = textIn(details, 'name') ?? textIn(details, 'streamName') ?? ''
  switch (code) {
    case 'ERR_MILLRACE_STREAM_NOT_FOUND':
      return notFoundFault(`Stream ${name} under account ${account} not found.`)
    case 'ERR_MILLRACE_STREAM_EXISTS':
      return inUseFault(`Stream ${name} under account ${account} already exists.`)
    case 'ERR_MILLRACE_SHARD_NOT_FOUND':
      return notFoundFault(
        `Could not find shard ${textIn(details, 'shardId') ?? ''} in stream ${name} under account ${account}.`,
      )
    case 'ERR_MILLRACE_INVALID_ARGUMENT':
    case 'ERR_MILLRACE_UNSUPPORTED':
      return invalidArgumentFault(error.message)
    default:
      // Whoever has the store in the same process wants to know what is wrong with it.
      return new Fault('InternalFailureException', `${code}: ${error.message} (${operation})`, {
        status: 500,
        cause: error,
      })
  }
}

function textIn(details: MillraceError['details'], name: string): string | undefined {
  const value = details[name]
  return typeof value === 'string' ? value : undefined
}

/** The service's text for a put that a shard's limit refused; `undefined` for any other error. */
export function throttledText(
  { code, details }: MillraceError,
  stream: { readonly name: string; readonly account: string },
): string | undefined {
  if ((code as string) !== 'ERR_MILLRACE_THROTTLED') return undefined
  const shardId = textIn(details, 'shardId') ?? ''
  return `Rate exceeded for shard ${shardId} in stream ${stream.name} under account ${stream.account}.`
}
