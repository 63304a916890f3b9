import type { FirehoseOptions, TransformEvent, TransformFunction } from '../firehose-options.ts'
import { failureText } from '../failure-text.ts'
import { readBody } from './body.ts'

/** Of a request and of an answer (Lambda quotas: 6 MB for a synchronous invocation). Bytes. */
export const payloadBytesMax: number = 6 * 1024 * 1024

/** A call of a function that came to nothing, or to something that is no answer. It stays within a transformation. */
export class InvocationError extends Error {
  override readonly name = 'InvocationError'
  /** Of the codes of AWS's delivery log (Firehose developer guide, "Lambda invocation errors"). */
  readonly code: string
  /** Whether to call again is of any use. */
  readonly again: boolean

  constructor(code: string, message: string, again: boolean) {
    super(message)
    this.code = code
    this.again = again
  }
}

/** Calls a function; answers what it answered, as JSON of at most 6 MB. Rejects with `InvocationError`. */
export type Invocation = (event: TransformEvent, signal: AbortSignal) => Promise<string>

/** How the function of this name is called: in this program if it has one, else at the endpoint for functions. */
export function invocationOf(name: string, { functions, lambda }: FirehoseOptions): Invocation {
  const own = functions !== undefined && Object.hasOwn(functions, name) ? functions[name] : undefined
  if (own !== undefined) return (event) => called(own, event)
  const endpoint = lambda?.endpoint
  if (endpoint !== undefined) return (event, signal) => posted(endpoint, name, event, signal)
  return async () => {
    throw new InvocationError('Lambda.ResourceNotFound', `There is no function ${name}`, false)
  }
}

/**
 * As if it went over a wire: what the function changes in its event is not seen, and what a getter could make of its answer
 * is made now.
 */
async function called(own: TransformFunction, event: TransformEvent): Promise<string> {
  let answer: string | undefined
  try {
    answer = JSON.stringify(await own(structuredClone(event)))
  } catch (error) {
    throw new InvocationError('Lambda.FunctionError', `The function failed: ${failureText(error)}`, true)
  }
  if (answer === undefined)
    throw new InvocationError('Lambda.JsonProcessingException', 'There is no answer', false)
  if (Buffer.byteLength(answer) > payloadBytesMax) throw tooLarge()
  return answer
}

/** Lambda's operation `Invoke`. The request is not signed: emulators do not look, and AWS itself refuses it. */
async function posted(
  endpoint: string,
  name: string,
  event: TransformEvent,
  signal: AbortSignal,
): Promise<string> {
  const url = `${endpoint.replace(/\/+$/, '')}/2015-03-31/functions/${encodeURIComponent(name)}/invocations`
  const headers = { 'content-type': 'application/json', 'x-amz-invocation-type': 'RequestResponse' }
  let answer: string | undefined
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(event),
      redirect: 'error',
      signal,
    })
    answer = await readBody(response.body, payloadBytesMax)
  } catch (error) {
    signal.throwIfAborted()
    throw new InvocationError(
      'Lambda.FunctionError',
      `The function was not reached: ${unreachedText(error)}`,
      true,
    )
  }
  if (response.status !== 200) throw refusal(response.status, answer ?? '')
  if (answer === undefined) throw tooLarge()
  if (response.headers.has('x-amz-function-error')) throw functionError(answer)
  return answer
}

function refusal(status: number, answer: string): InvocationError {
  const message = `The invocation was answered with ${status}: ${answer.slice(0, 200)}`
  if (status === 403) return new InvocationError('Lambda.InvokeAccessDenied', message, false)
  if (status === 404) return new InvocationError('Lambda.ResourceNotFound', message, false)
  if (status === 429) return new InvocationError('Lambda.InvokeLimitExceeded', message, true)
  return new InvocationError('Lambda.FunctionError', message, status >= 500)
}

/** What the function threw, or that it took longer than its own limit. */
function functionError(answer: string): InvocationError {
  const late = answer.includes('Task timed out')
  const message = `The function failed: ${answer.slice(0, 1000)}`
  return new InvocationError(late ? 'Lambda.FunctionTimedOut' : 'Lambda.FunctionError', message, true)
}

function tooLarge(): InvocationError {
  return new InvocationError(
    'Lambda.FunctionError',
    `The answer is larger than ${payloadBytesMax} bytes`,
    false,
  )
}

/** `fetch` has the reason in the cause of what it throws. */
function unreachedText(error: unknown): string {
  const text = failureText(error)
  return error instanceof Error && error.cause instanceof Error
    ? `${text}: ${failureText(error.cause)}`
    : text
}
