import { MiB, minuteMs } from '../../units.ts'
import { builtModule } from '../thread.ts'
import { ThreadShare } from '../thread-pool.ts'
import type { BodyEncoder } from './body-encoder.ts'
import { inOrder } from './in-order.ts'
import { partsOf } from './parts.ts'

/** A frame's worth: larger ones compress hardly better. */
const frameBytes = 4 * MiB
/** Threads that one body keeps busy. */
const atOnceMax = 2
/** Takes a tenth of a second; a machine may be busy. */
const limitMs = minuteMs

/** A whole frame with one empty block. */
const emptyFrame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0)

/** Zstandard (RFC 8878) at level 3, a frame for every 4 MiB, compressed by helper threads. Frames in a row are one stream. */
export const zstdEncoder: BodyEncoder = {
  extension: '.zst',
  contentType: 'application/octet-stream',
  contentEncoding: 'zstd',
  async *encode(chunks) {
    const threads = new ThreadShare(builtModule('firehose/format/zstd-work'))
    try {
      let empty = true
      for await (const frame of inOrder(partsOf(chunks, frameBytes), atOnceMax, (part) =>
        threads.request<Uint8Array>(part, { transfer: [part.buffer], limitMs }),
      )) {
        empty = false
        yield frame
      }
      if (empty) yield emptyFrame
    } finally {
      await threads.close()
    }
  },
}
