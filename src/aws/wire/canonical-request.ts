import { createHash } from 'node:crypto'
import type { WireRequest } from './exchange.ts'

/**
 * What a signature of version 4 is of: a request, written so that both sides write it alike (AWS IAM User Guide, "Create a
 * signed AWS API request").
 *
 * @param signedHeaders names of the headers that count, in the order of the signer
 */
export function canonicalRequest(
  request: WireRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  const headers = signedHeaders.map((name) => `${name}:${normal(signedHeader(request, name) ?? '')}\n`)
  return [
    request.method,
    canonicalPath(request.path ?? '/'),
    canonicalQuery(request.query),
    headers.join(''),
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
}

/**
 * The value of a header as its signer knew it. HTTP/2 has `:authority` where HTTP/1.1 has `Host`; some clients sign under
 * the other's name, and a proxy may have changed the protocol.
 */
export function signedHeader({ headers }: WireRequest, name: string): string | undefined {
  if (name === 'host') return headers['host'] ?? headers[':authority']
  if (name === ':authority') return headers[':authority'] ?? headers['host']
  // Clients choose the names.
  return Object.hasOwn(headers, name) ? headers[name] : undefined
}

/** SHA-256 in hexadecimal. */
export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function normal(value: string): string {
  return value.trim().replace(/\s+/g, ' ')
}

/** Each segment is escaped once more than on the wire; dots are resolved. */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') segments.pop()
    else segments.push(escaped(segment))
  }
  return `/${segments.join('/')}${segments.length > 0 && path.endsWith('/') ? '/' : ''}`
}

function canonicalQuery(query: string): string {
  const pairs = query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=')
      const name = equals < 0 ? part : part.slice(0, equals)
      return [once(name), once(equals < 0 ? '' : part.slice(equals + 1))] as const
    })
  pairs.sort(([a, aValue], [b, bValue]) => order(a, b) || order(aValue, bValue))
  return pairs.map(([name, value]) => `${name}=${value}`).join('&')
}

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Escaped once, however it came. What is wrongly escaped is taken as text: no signer wrote it. */
function once(text: string): string {
  try {
    return escaped(decodeURIComponent(text))
  } catch {
    return escaped(text)
  }
}

/** Escapes all but RFC 3986's unreserved characters. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
