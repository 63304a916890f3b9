import type { Waiting } from '../aws/wire/waiting.ts'

/** What travels over a socket, whichever HTTP carried it. */

/** A request, complete. */
export interface HttpRequest {
  /** In capitals. */
  readonly method: string
  /** Up to the question mark; begins with a slash. */
  readonly path: string
  /** What follows the question mark; empty if nothing does. */
  readonly query: string
  /** Names in lower case; HTTP/2's own begin with a colon. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Uint8Array
  readonly version: '1.1' | '2'
  /** Whether it came over TLS. */
  readonly encrypted: boolean
}

/** An answer: complete, or a stream of parts that ends by itself or with the signal of its request. */
export interface HttpAnswer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Of an answer to HEAD, and of a 304, only its length is sent. */
  readonly body: Uint8Array | string | AsyncIterable<Uint8Array>
  /** Whoever takes a stream may rest for as long as they like, and reads on where they stopped. They are few. */
  readonly mayRest?: boolean
}

/** Answers requests. Never rejects: what goes wrong is in the answer. */
export interface HttpHandler {
  /**
   * The longest body that a request may have, bytes. What is longer is refused before it is read.
   *
   * @param waiting for the answer
   */
  readonly bodyBytesMax: number
  answer(request: HttpRequest, waiting: Waiting): Promise<HttpAnswer>
}

/** A short text as an answer. */
export function textAnswer(status: number, text: string, headers: HttpAnswer['headers'] = {}): HttpAnswer {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: text }
}
