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

/**
 * Zstandard (RFC 8878) at level 3, a frame for every 4 MiB, compressed by helper threads, which start with the first frame
 * and stay for the next body. Frames in a row are one stream.
 */
export class ZstdEncoder implements BodyEncoder {
  readonly extension = '.zst'
  readonly contentType = 'application/octet-stream'
  readonly contentEncoding = 'zstd'
  readonly #threads = new ThreadShare(builtModule('firehose/format/zstd-work'))

  async *encode(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let empty = true
    for await (const frame of inOrder(partsOf(chunks, frameBytes), atOnceMax, (part) =>
      this.#frameOf(part),
    )) {
      empty = false
      yield frame
    }
    if (empty) yield emptyFrame
  }

  close(): Promise<void> {
    return this.#threads.close()
  }

  #frameOf(part: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    return this.#threads.request<Uint8Array>(part, { transfer: [part.buffer], limitMs })
  }
}
