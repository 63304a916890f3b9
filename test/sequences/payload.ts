/** What a record carries, small enough to be printed: so many bytes, made of a number. */
export interface Payload {
  readonly bytes: number
  readonly fill: number
}

/** Not a power of two: bytes that are moved by a page, a cell or a sector differ. */
const patternBytes = 251

const patterns: Map<number, Buffer> = new Map()

/** The bytes of a payload: the same ones each time. */
export function payloadBytes({ bytes, fill }: Payload): Buffer {
  let pattern = patterns.get(fill)
  if (pattern === undefined) {
    pattern = Buffer.from(
      Array.from({ length: patternBytes }, (_, at) => (at * (2 * fill + 1) + fill) & 0xff),
    )
    patterns.set(fill, pattern)
  }
  return bytes === 0 ? Buffer.alloc(0) : Buffer.alloc(bytes, pattern)
}
