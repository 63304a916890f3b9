/** The head of a request as clients of AWS send it. */
export interface PlainHead {
  /** Names in lower case, each once. */
  readonly headers: Readonly<Record<string, string>>
  /** What follows the head, bytes. */
  readonly bodyBytes: number
}

/**
 * The one request line that they send, and lines of one name, a colon and a value of printable characters: no folded
 * lines, no stray line ends, no space before a colon. Whatever else HTTP allows is not for here.
 */
const plain = /^POST \/ HTTP\/1\.1(?:\r\n[!#$%&'*+.^`|~0-9A-Za-z-]+:[\x20-\x7e]*)+$/

/** What a message that has these means is told by more than its length. */
const telling: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'expect',
  'upgrade',
  'te',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'http2-settings',
])

/**
 * Reads a head, without the empty line behind it. `undefined` for any that is not as plain as can be: those are Node's to
 * judge.
 *
 * @param most so many headers at most
 */
export function plainHead(text: string, most: number): PlainHead | undefined {
  if (!plain.test(text)) return undefined
  const headers: Record<string, string> = {}
  let count = 0
  for (let at = requestLine; at < text.length;) {
    const colon = text.indexOf(':', at)
    let end = text.indexOf('\r\n', colon)
    if (end < 0) end = text.length
    const name = text.slice(at, colon).toLowerCase()
    if (headers[name] !== undefined || telling.has(name) || (count += 1) > most) return undefined
    headers[name] = text.slice(colon + 1, end).trim()
    at = end + 2
  }
  const { host, connection, 'content-length': length } = headers
  if (host === undefined || length === undefined || !/^\d{1,9}$/.test(length)) return undefined
  if (connection !== undefined && connection.toLowerCase() !== 'keep-alive') return undefined
  return { headers, bodyBytes: Number(length) }
}

const requestLine = 'POST / HTTP/1.1\r\n'.length
