import { DeliveryError } from '../destination.ts'
import { failureText } from '../failure-text.ts'

/** What the key or the object itself is refused for: the same again would be refused again. */
const lasting = new Set([
  'EntityTooLarge',
  'InvalidBucketName',
  'InvalidURI',
  'KeyTooLongError',
  'MaxMessageLengthExceeded',
])

const codes = /^[A-Z]\w*(?:\.\w+)*$/
/** What the SDK calls an answer without a code, or one that it cannot read. */
const unsaid = /^(?:|Type|Syntax)Error$|^Unknown/

/** Where an answer says no more than its status. */
const byStatus: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  400: 'BadRequest',
  401: 'AccessDenied',
  403: 'AccessDenied',
  404: 'NoSuchBucket',
  405: 'MethodNotAllowed',
  413: 'EntityTooLarge',
  429: 'SlowDown',
  501: 'NotImplemented',
  503: 'SlowDown',
}

/**
 * What the SDK rejected with, as a line of AWS's delivery log names it (Firehose developer guide, "Amazon S3 data delivery
 * errors"): `S3.` and the code that S3 answered. Without an answer it is `S3.ConnectionFailed`, or `S3.RequestTimeout`.
 * Nearly everything is worth another try, as AWS tries it for a day: buckets can be made, and rights given.
 */
export function s3Failure(error: unknown, place: string): DeliveryError {
  const code = codeOf(error)
  const message = failureText(error)
  // An error with an answer holds on to the request, its body and its connection.
  const cause = error instanceof Error && statusOf(error) !== undefined ? undefined : error
  return new DeliveryError(`S3.${code}`, `${place}: ${message}`, { again: !lasting.has(code), cause })
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'InternalError'
  const status = statusOf(error)
  if (status === undefined) return codeWithoutAnswer(error)
  if (codes.test(error.name) && !unsaid.test(error.name)) return error.name
  return byStatus[status] ?? 'InternalError'
}

/** Of the last answer, if there was any. */
function statusOf(error: Error): number | undefined {
  const metadata = '$metadata' in error ? error.$metadata : undefined
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

function codeWithoutAnswer(error: Error): string {
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'RequestTimeout'
  if (error.name === 'CredentialsProviderError') return 'AccessDenied'
  if ('code' in error || 'errno' in error) return 'ConnectionFailed'
  return 'InternalError'
}
