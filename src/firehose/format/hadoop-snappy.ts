import type { BodyEncoder } from './body-encoder.ts'
import { partsOf } from './parts.ts'
import { lengthPrefix, snappyFrames } from './snappy-frames.ts'

/** Hadoop's buffer, from `io.compression.codec.snappy.buffersize`. Its readers take no frame that is larger. */
const bufferBytes = 256 * 1024

/** What surely fits there once it is compressed, as Hadoop's `SnappyCodec` reckons. */
const blockBytes = bufferBytes - Math.floor(bufferBytes / 6) - 32

/** Blocks that are handed on together. */
const partBlocks = 2

/** Hadoop's stream of no bytes is one empty block. */
const emptyBody = lengthPrefix(0)

/**
 * What Hadoop's `BlockCompressorStream` writes with its `SnappyCodec`: blocks, each behind its length, and the compressed
 * bytes behind theirs. The lengths are 4 bytes, big-endian.
 *
 * The extension is the documented one; objects of AWS have been seen with `.snappy` (floci-io/floci `firehose.md`).
 */
export const hadoopSnappyEncoder: BodyEncoder = {
  extension: '.hsnappy',
  contentType: 'application/octet-stream',
  contentEncoding: 'hadoop-snappy',
  async *encode(chunks) {
    const { compressSync } = await import('snappy')
    let empty = true
    for await (const part of partsOf(chunks, partBlocks * blockBytes)) {
      empty = false
      yield snappyFrames(part, blockBytes, (block) => {
        const compressed = compressSync(block)
        return [lengthPrefix(block.length), lengthPrefix(compressed.length), compressed]
      })
    }
    if (empty) yield emptyBody
  },
}
