/** Errors of the library in the service's words. What a text needs is in the error's details. */
import { channelNameOf } from '../../firehose/channel-key.ts'
import { type ErrorDetails, MillraceError } from '../../errors.ts'
import type { Place } from '../caller-place.ts'
import {
  Fault,
  inUseFault,
  internalFault,
  invalidArgumentFault,
  limitFault,
  notFoundFault,
} from '../wire/fault.ts'

/** Members of requests whose rules the library judges, by its own names. */
const memberOf: Readonly<Record<string, string>> = {
  shards: 'ShardCount',
  mode: 'StreamMode',
  distribution: 'RecordDistributionStrategy',
  warmThroughputMiBps: 'WarmThroughputMiBps',
  retentionHours: 'RetentionPeriodHours',
  'filter.timeMs': 'Timestamp',
}

/** The fault to answer for whatever an operation failed with. */
export function faultOf(error: unknown, operation: string, place: Place): Fault {
  if (error instanceof Fault) return error
  if (!(error instanceof MillraceError)) return internalFault(error)
  return refusalOf(error, place) ?? failureOf(error, operation)
}

/** What the library refuses because of the call; `undefined` for what went wrong in the store. */
function refusalOf(error: MillraceError, place: Place): Fault | undefined {
  const { code, details, message } = error
  const account = textIn(details, 'account') ?? place.account
  const name = textIn(details, 'name') ?? textIn(details, 'stream') ?? textIn(details, 'streamName') ?? ''
  const consumer = textIn(details, 'consumer') ?? ''
  switch (code) {
    case 'ERR_MILLRACE_STREAM_NOT_FOUND':
      return notFoundFault(`Stream ${name} under account ${account} not found.`)
    case 'ERR_MILLRACE_STREAM_EXISTS':
      return inUseFault(`Stream ${name} under account ${account} already exists.`)
    case 'ERR_MILLRACE_STREAM_NOT_ACTIVE':
      return inUseFault(
        `Stream ${name} under account ${account} not ACTIVE, instead in state ${textIn(details, 'status') ?? ''}`,
      )
    case 'ERR_MILLRACE_STREAM_IN_USE':
      return inUseFault(
        `Stream ${name} under account ${account} has registered consumers, and EnforceConsumerDeletion is not true.`,
      )
    case 'ERR_MILLRACE_SHARD_NOT_FOUND':
      return notFoundFault(
        `Could not find shard ${textIn(details, 'shardId') ?? ''} in stream ${name} under account ${account}.`,
      )
    case 'ERR_MILLRACE_CONSUMER_NOT_FOUND':
      return notFoundFault(`Consumer ${consumer}, account ${account} not found.`)
    case 'ERR_MILLRACE_CONSUMER_EXISTS':
      return inUseFault(`Consumer ${consumer} of stream ${name} under account ${account} already exists.`)
    case 'ERR_MILLRACE_CONSUMER_NOT_ACTIVE':
    case 'ERR_MILLRACE_SUBSCRIBED':
      return inUseFault(capitalised(message))
    case 'ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND':
      return notFoundFault(`Channel ${channelNameOf(name)} under account ${account} not found.`)
    case 'ERR_MILLRACE_DELIVERY_STREAM_EXISTS':
      return inUseFault(`Channel ${channelNameOf(name)} under account ${account} already exists.`)
    case 'ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE':
    case 'ERR_MILLRACE_VERSION_CONFLICT':
      return inUseFault(`Channel ${channelNameOf(name)} under account ${account} is being changed.`)
    case 'ERR_MILLRACE_THROTTLED':
      return throttled(error, account)
    case 'ERR_MILLRACE_LIMIT_EXCEEDED':
      return limitFault(capitalised(message))
    case 'ERR_MILLRACE_INVALID_ARGUMENT':
      return invalidArgument(error)
    case 'ERR_MILLRACE_UNSUPPORTED':
      return invalidArgumentFault(message)
    case 'ERR_MILLRACE_READ_ONLY':
      return new Fault('AccessDeniedException', capitalised(message))
    default:
      return undefined
  }
}

/** Whoever has the store in the same process wants to know what is wrong with it. */
function failureOf(error: MillraceError, operation: string): Fault {
  return new Fault('InternalFailureException', `${operation}: ${error.code}: ${error.message}`, {
    status: 500,
    cause: error,
  })
}

function invalidArgument({ details, message }: MillraceError): Fault {
  const field = textIn(details, 'field') ?? ''
  const member = memberOf[field]
  if (member !== undefined && message.startsWith(field)) {
    return invalidArgumentFault(member + message.slice(field.length))
  }
  if (!field.startsWith('tag')) return invalidArgumentFault(capitalised(message))
  return invalidArgumentFault(
    'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, ' +
      '_ . / = + - % @.',
  )
}

/** Too much throughput of a shard; too many calls of an operation, or of a consumer. */
function throttled(error: MillraceError, account: string): Fault {
  const name = textIn(error.details, 'stream') ?? ''
  const { limit } = error.details
  if (limit === 'api-calls' || limit === 'subscribe-calls') {
    return limitFault(`Rate exceeded: ${error.message}.`)
  }
  return new Fault('ProvisionedThroughputExceededException', throttledText(error, { name, account }) ?? '')
}

/** The service's text for a put that a shard's limit refused; `undefined` for any other error. */
export function throttledText(
  { code, details }: MillraceError,
  stream: { readonly name: string; readonly account: string },
): string | undefined {
  if (code !== 'ERR_MILLRACE_THROTTLED') return undefined
  const shardId = textIn(details, 'shardId') ?? ''
  return `Rate exceeded for shard ${shardId} in stream ${stream.name} under account ${stream.account}.`
}

function capitalised(message: string): string {
  return message.slice(0, 1).toUpperCase() + message.slice(1)
}

function textIn(details: ErrorDetails, name: string): string | undefined {
  const value = details[name]
  return typeof value === 'string' ? value : undefined
}
