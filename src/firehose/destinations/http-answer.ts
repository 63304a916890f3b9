import { DeliveryError } from '../destination.ts'

/** What an endpoint answered. */
export interface HttpAnswer {
  readonly status: number
  /** The words behind the status. */
  readonly reason: string
  readonly contentType: string | undefined
  readonly contentEncoding: string | undefined
  readonly body: Buffer
}

/** Of the words behind a status (AWS's delivery log, `HttpEndpoint.ResponseReasonPhraseExceededLimit`). */
const reasonMax = 64
/** What is shown of an answer, characters. */
const shownMax = 512

/**
 * Whether an answer says that the records were taken (Firehose developer guide, "HTTP endpoint delivery request and response
 * specifications"): exactly 200, and JSON, not encoded, with the request's id and a time. Everything else is a failure, and
 * all but 413 is worth another try. Redirects are failures like any other. An answer without a `Content-Length` is fine
 * here: its end is plain.
 *
 * @throws `DeliveryError`
 */
export function requireTaken(answer: HttpAnswer, id: string): void {
  const { status, reason, body } = answer
  if (reason.length > reasonMax) {
    throw new DeliveryError(
      'HttpEndpoint.ResponseReasonPhraseExceededLimit',
      `the reason phrase of the answer ${status} has ${reason.length} characters, ${reasonMax} is the limit`,
      { again: status !== 413 },
    )
  }
  if (status !== 200) {
    throw new DeliveryError(
      'HttpEndpoint.DestinationException',
      `The following response was received from the endpoint destination. ${status}: ${shown(body)}`,
      { again: status !== 413 },
    )
  }
  const fault = faultOf(answer, id)
  if (fault === undefined) return
  throw new DeliveryError('HttpEndpoint.InvalidResponseFromDestination', `${fault}: ${shown(body)}`, {
    again: true,
  })
}

function faultOf({ contentType, contentEncoding, body }: HttpAnswer, id: string): string | undefined {
  if (contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity') {
    return `the answer is encoded (${contentEncoding.slice(0, 40)})`
  }
  if (!/^application\/json\s*(?:;|$)/i.test(contentType ?? '')) {
    return 'the answer is not of type application/json'
  }
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    return 'the answer is no JSON'
  }
  if (typeof value !== 'object' || value === null) return 'the answer is no object'
  const { requestId, timestamp } = value as { readonly requestId?: unknown; readonly timestamp?: unknown }
  if (requestId !== id) return `the requestId of the answer is not ${id}`
  return Number.isInteger(timestamp) ? undefined : 'the timestamp of the answer is no integer'
}

/** What may be printed of it, on one line. */
function shown(body: Buffer): string {
  const text = body.subarray(0, 4 * shownMax).toString()
  // eslint-disable-next-line no-control-regex -- these are meant
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
  return line.length > shownMax || body.length > 4 * shownMax ? `${line.slice(0, shownMax)}...` : line
}
