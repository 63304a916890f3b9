import type { BodyEncoder } from './body-encoder.ts'
import { deflated } from './deflated.ts'

/** RFC 1952: the magic, DEFLATE, no flags, no time, made for speed, on no particular system. */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255)

/** GZIP at level 1: one member, with neither a name nor a time in it. */
export const gzipEncoder: BodyEncoder = {
  extension: '.gz',
  contentType: 'application/octet-stream',
  contentEncoding: 'gzip',
  async *encode(chunks) {
    yield header
    const { crc32, bytes } = yield* deflated(chunks)
    const trailer = Buffer.alloc(8)
    trailer.writeUInt32LE(crc32, 0)
    trailer.writeUInt32LE(bytes % 2 ** 32, 4)
    yield trailer
  },
}
