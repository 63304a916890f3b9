/** What travels, whatever carries it: the SDK's handler in this process, or a server's socket. */

/** A request. */
export interface WireRequest {
  /** In capitals. */
  readonly method: string
  /** Up to the question mark of the address. @defaultValue `/`, the only one that AWS's clients know */
  readonly path?: string | undefined
  /** What follows the question mark of the address; empty if nothing does. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** A string is text that was never encoded: UTF-8 on the wire. */
  readonly body: Uint8Array | string
}

/** An answer. Its body is complete, or a stream of messages that ends by itself or with the request's signal. */
export interface WireResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | AsyncIterable<Uint8Array>
}
