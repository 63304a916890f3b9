import type { BodyEncoder } from './body-encoder.ts'

/** The bytes as they are. */
export const uncompressedEncoder: BodyEncoder = {
  extension: '',
  contentType: 'application/octet-stream',
  async *encode(chunks) {
    yield* chunks
  },
}
