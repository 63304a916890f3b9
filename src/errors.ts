/**
 * Every error that millrace throws on purpose. The code is the contract; the message is for people and may
 * change. docs/errors.md says for each code when it happens and what to do.
 */
export const errorCodes = [
  /** An argument or option has a wrong type or value; `details` names field, value and rule. */
  'ERR_MILLRACE_INVALID_ARGUMENT',
  /** An option that does not exist. */
  'ERR_MILLRACE_UNKNOWN_OPTION',
  /** Known to the field, not supported here. */
  'ERR_MILLRACE_UNSUPPORTED',
  /** Partition key and data together exceed the stream's limit. */
  'ERR_MILLRACE_RECORD_TOO_LARGE',
  'ERR_MILLRACE_STREAM_NOT_FOUND',
  'ERR_MILLRACE_STREAM_EXISTS',
  /** The stream's shards or settings are being changed: what would change them again has to wait. */
  'ERR_MILLRACE_STREAM_NOT_ACTIVE',
  /** The stream still has registered consumers. */
  'ERR_MILLRACE_STREAM_IN_USE',
  'ERR_MILLRACE_CONSUMER_NOT_FOUND',
  'ERR_MILLRACE_CONSUMER_EXISTS',
  /** The consumer is being created or deleted. */
  'ERR_MILLRACE_CONSUMER_NOT_ACTIVE',
  'ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND',
  'ERR_MILLRACE_DELIVERY_STREAM_EXISTS',
  /** The delivery stream is being created or deleted. */
  'ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE',
  /** Somebody else changed the configuration first; `details` names both versions. */
  'ERR_MILLRACE_VERSION_CONFLICT',
  /** Records of this delivery stream come from a stream: nothing can be put into it. */
  'ERR_MILLRACE_WRONG_SOURCE',
  'ERR_MILLRACE_SHARD_NOT_FOUND',
  /** The shard has ended (split or merged). */
  'ERR_MILLRACE_SHARD_SEALED',
  /** More than AWS lets a stream have or do; `details` names limit, value and bound. */
  'ERR_MILLRACE_LIMIT_EXCEEDED',
  /** The position lies before the trim horizon. */
  'ERR_MILLRACE_TRIMMED',
  /** Used after `close()`. */
  'ERR_MILLRACE_CLOSED',
  /** Records of a leasing read were used after their batch had been released. */
  'ERR_MILLRACE_RELEASED',
  /** The store was opened with `readOnly`: nothing can be written through it. */
  'ERR_MILLRACE_READ_ONLY',
  /** Another process has the store open for writing. */
  'ERR_MILLRACE_STORE_BUSY',
  /** The folder holds something that is not a store. */
  'ERR_MILLRACE_NOT_A_STORE',
  /** Written by a later version of millrace. */
  'ERR_MILLRACE_NEWER_FORMAT',
  /** Bytes on disk contradict the format: damage, or a foreign file. */
  'ERR_MILLRACE_CORRUPT',
  /** No space left on the device; nothing of the refused records was written. */
  'ERR_MILLRACE_NO_SPACE',
  /** The system refuses access to a file. */
  'ERR_MILLRACE_PERMISSION',
  /** A system call failed; `details.errno` says how. */
  'ERR_MILLRACE_IO',
  /** An earlier write or sync of this shard failed; reopen the store. */
  'ERR_MILLRACE_POISONED',
  /** Too many bytes wait for the disk. */
  'ERR_MILLRACE_BACKLOG',
  /** AWS would refuse it by a limit of throughput or of calls, and the store enforces its limits. */
  'ERR_MILLRACE_THROTTLED',
  /** The same consumer subscribed to the shard less than five seconds ago. */
  'ERR_MILLRACE_SUBSCRIBED',
  /** The payload cannot be encoded or decoded by the stream's codec. */
  'ERR_MILLRACE_CODEC',
  /** The answer was lost: the record may have been stored. */
  'ERR_MILLRACE_UNKNOWN_OUTCOME',
  /** The server cannot listen on its address. */
  'ERR_MILLRACE_ADDRESS',
  /** The native addon cannot be loaded; the message names the command to run. */
  'ERR_MILLRACE_NATIVE_LOAD',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** Facts of one error for programs: the field, the value and the rule, or a path, a position, an errno. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** The one error class. `error.code` is from the closed list `errorCodes`. */
export class MillraceError extends Error {
  override readonly name = 'MillraceError'
  readonly code: ErrorCode
  readonly details: ErrorDetails

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly details?: ErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** Shows a rejected value in a message: short, never throwing, whatever the value does when it is looked at. */
function shown(value: unknown): string {
  try {
    return described(value)
  } catch {
    return 'an object that cannot be looked at'
  }
}

function described(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (value === null || typeof value !== 'object') return String(value)
  return Array.isArray(value) ? `an array of ${value.length}` : `an object (${classOf(value)})`
}

function classOf(value: object): string {
  try {
    const { name } = value.constructor
    return typeof name === 'string' && name !== '' ? name : 'no class'
  } catch {
    return 'no class' // none, or one that a getter or proxy withholds
  }
}

/** An `ERR_MILLRACE_INVALID_ARGUMENT` that names the field, the value and the rule. */
export function invalidArgument(field: string, value: unknown, rule: string): MillraceError {
  return new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', `${field} must be ${rule}, got ${shown(value)}`, {
    details: { field, value, rule },
  })
}
