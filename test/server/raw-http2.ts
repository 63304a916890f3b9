import { type RawConnection, dial } from './raw-connection.ts'

/** Types of frames (RFC 9113, section 6). */
export const frameType = {
  data: 0,
  headers: 1,
  rst: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const

/** One frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A frame that came. */
export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

/** All frames that are there whole. */
export function framesIn(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  for (let at = 0; bytes.length - at >= 9;) {
    const length = bytes.readUIntBE(at, 3)
    if (bytes.length - at < 9 + length) break
    frames.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + 9, at + 9 + length),
    })
    at += 9 + length
  }
  return frames
}

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** Connects and says what a client of HTTP/2 says first. */
export async function dialHttp2(port: number): Promise<RawConnection> {
  const connection = await dial(port)
  connection.write(preface).write(frame(frameType.settings, 0, 0))
  return connection
}

/** A header without compression (RFC 7541, section 6.2.2). */
function field(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0]), literal(name), literal(value)])
}

function literal(word: string): Buffer {
  const bytes = Buffer.from(word)
  if (bytes.length >= 127) throw new Error('too long for this')
  return Buffer.concat([Buffer.from([bytes.length]), bytes])
}

/** The block of headers of a request. */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const all = { ':method': 'POST', ':scheme': 'http', ':path': '/', ':authority': '127.0.0.1', ...headers }
  return Buffer.concat(Object.entries(all).map(([name, value]) => field(name, value)))
}
