/** What a connection speaks. */
export type Speech = 'http/1.1' | 'h2' | 'tls'

/** Type of the record that every TLS connection begins with (RFC 8446, section 5.1). */
const tlsHandshake = 0x16
/** What every HTTP/2 connection without TLS begins with (RFC 9113, section 3.4); no method of HTTP/1.1 does. */
const preface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** So many bytes of it are in no method. */
const tellingBytes = 4

/** What a connection that begins so speaks; `undefined` while it could be several. */
export function speechOf(first: Uint8Array): Speech | undefined {
  if (first[0] === tlsHandshake) return 'tls'
  const bytes = Math.min(first.length, tellingBytes)
  if (preface.compare(first, 0, bytes, 0, bytes) !== 0) return 'http/1.1'
  return bytes === tellingBytes ? 'h2' : undefined
}
