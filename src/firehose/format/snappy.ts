import type { BodyEncoder } from './body-encoder.ts'
import { partsOf } from './parts.ts'
import { lengthPrefix, snappyFrames } from './snappy-frames.ts'

/** The magic of snappy-java, then its version and the oldest one that can read this, both 1. */
const header = Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1')

/** What snappy-java's stream takes at once unless it is told otherwise. */
const blockBytes = 32 * 1024

/** Blocks that are handed on together. */
const partBlocks = 16

/**
 * The stream format of snappy-java (xerial), which AWS writes, and not Snappy's own framing: the header, then blocks of
 * 32 KiB, each behind its length as 4 bytes, big-endian.
 */
export const snappyEncoder: BodyEncoder = {
  extension: '.snappy',
  contentType: 'application/octet-stream',
  contentEncoding: 'snappy-java',
  async *encode(chunks) {
    yield header
    const { compressSync } = await import('snappy')
    for await (const part of partsOf(chunks, partBlocks * blockBytes)) {
      yield snappyFrames(part, blockBytes, (block) => {
        const compressed = compressSync(block)
        return [lengthPrefix(compressed.length), compressed]
      })
    }
  },
}
