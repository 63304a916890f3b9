/** Of the access key of an endpoint. Bytes. */
export const accessKeyBytesMax = 4096

/**
 * An access key as the header of a request has it: as its bytes in UTF-8, since Node writes each character of a header as one
 * byte. `undefined` for one that no request could be sent with: it is too long, or has control characters.
 */
export function accessKeyHeader(accessKey: string): string | undefined {
  const header = Buffer.from(accessKey).toString('latin1')
  const right = header.length <= accessKeyBytesMax && /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(header)
  return right ? header : undefined
}
