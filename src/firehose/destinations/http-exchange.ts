import { type Agent, type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import { MiB } from '../../units.ts'
import { DeliveryError } from '../destination.ts'
import { failureText } from '../failure-text.ts'
import type { HttpAnswer } from './http-answer.ts'

/** Of an answer's body (Firehose developer guide, "HTTP endpoint delivery request and response specifications"). Bytes. */
const answerBytesMax: number = MiB

/** One request. */
export interface HttpCall {
  readonly url: URL
  readonly agent: Agent
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly signal: AbortSignal
}

/**
 * One request and its whole answer. A connection that was kept and turns out to be closed is replaced by a new one, once.
 *
 * @throws `DeliveryError`, for now each; once the signal is aborted anything
 */
export async function exchange(call: HttpCall): Promise<HttpAnswer> {
  const first = await exchangeOnce(call)
  if (first !== 'stale') return first
  const second = await exchangeOnce(call, false)
  if (second !== 'stale') return second
  throw new DeliveryError('HttpEndpoint.ConnectionReset', 'the connection was closed', { again: true })
}

/** `stale`: a kept connection was closed before anything was answered. */
function exchangeOnce(
  { url, agent, headers, body, signal }: HttpCall,
  kept = true,
): Promise<HttpAnswer | 'stale'> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest
    const request: ClientRequest = send(url, {
      method: 'POST',
      agent: kept ? agent : false,
      signal,
      headers: { ...headers, 'Content-Length': String(body.length) },
    })
    let answered = false
    request.on('response', (message) => {
      answered = true
      answerOf(message).then(resolve, reject)
      // An answer that came early ends the request: nobody listens to the rest.
      message.on('close', () => request.destroy())
    })
    request.on('error', (error) => {
      if (answered) return
      if (request.reusedSocket && isClosed(error)) resolve('stale')
      else reject(connectionFailure(error))
    })
    request.end(body)
  })
}

function isClosed(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}

/** Reads no more than an answer may have. */
async function answerOf(message: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > answerBytesMax) break
      chunks.push(chunk)
    }
  } catch (error) {
    throw connectionFailure(error)
  }
  if (bytes > answerBytesMax) {
    throw new DeliveryError(
      'HttpEndpoint.ResponseTooLarge',
      `the answer has more than ${answerBytesMax} bytes`,
      { again: message.statusCode !== 413 },
    )
  }
  return {
    status: message.statusCode ?? 0,
    reason: message.statusMessage ?? '',
    contentType: message.headers['content-type'],
    contentEncoding: message.headers['content-encoding'],
    body: Buffer.concat(chunks),
  }
}

/** In the words of AWS's delivery log, as far as they are known. */
function connectionFailure(error: unknown): DeliveryError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const text = error instanceof Error && error.message === '' ? code : failureText(error)
  return new DeliveryError(connectionCode(code), text, { again: true, cause: error })
}

function connectionCode(code: string): string {
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'HttpEndpoint.ConnectionReset'
  // What the parser does not understand.
  if (code.startsWith('HPE_')) return 'HttpEndpoint.InvalidResponseFromDestination'
  if (/^ERR_(?:SSL|TLS)|CERT|^EPROTO$|ISSUER/.test(code)) return 'HttpEndpoint.SSLHandshakeFailure'
  return 'HttpEndpoint.ConnectionFailed'
}
