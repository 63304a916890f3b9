import { availableParallelism } from 'node:os'
import { constants, crc32, deflateRaw } from 'node:zlib'
import { MiB } from '../../units.ts'
import { inOrder } from './in-order.ts'
import { partsOf } from './parts.ts'

/** Large enough that crossing to a thread of the pool and back is nothing beside the work. */
const partBytes = MiB

/** How far back DEFLATE looks (RFC 1951). */
const windowBytes = 32 * 1024

/** The pool has four threads unless somebody says otherwise, and files need some of them, too. */
const atOnceMax = Math.min(4, availableParallelism())

/** A last block with nothing in it: what was flushed before becomes a whole stream. */
const lastBlock = Uint8Array.of(3, 0)

/** What is known of a stream once it has ended. */
export interface DeflatedTotals {
  readonly crc32: number
  /** Before compression. */
  readonly bytes: number
  /** After it. */
  readonly deflatedBytes: number
}

interface Part {
  readonly bytes: Uint8Array
  /** What lies before it. */
  readonly window: Uint8Array
}

/**
 * One DEFLATE stream at zlib's level 1, made by several threads of libuv's pool at once: each part is deflated by itself,
 * told what lies before it, and flushed to a whole byte, so that the parts in a row are the stream.
 */
export async function* deflated(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, DeflatedTotals> {
  let checksum = 0
  let bytes = 0
  let deflatedBytes = 0
  async function* partsWithWindows(): AsyncGenerator<Part> {
    let window = new Uint8Array(0)
    for await (const part of partsOf(chunks, partBytes)) {
      checksum = crc32(part, checksum)
      bytes += part.length
      yield { bytes: part, window }
      window = part.subarray(-windowBytes)
    }
  }
  for await (const each of inOrder(partsWithWindows(), atOnceMax, deflatedPart)) {
    deflatedBytes += each.length
    yield each
  }
  yield lastBlock
  return { crc32: checksum, bytes, deflatedBytes: deflatedBytes + lastBlock.length }
}

function deflatedPart({ bytes, window }: Part): Promise<Uint8Array> {
  const options = {
    level: 1,
    chunkSize: Math.max(1024, bytes.length >>> 1),
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(window.length > 0 && { dictionary: window }),
  }
  return new Promise((resolve, reject) => {
    deflateRaw(bytes, options, (error, result) => (error === null ? resolve(result) : reject(error)))
  })
}
