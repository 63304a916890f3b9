import type { Compression } from '../configuration.ts'
import { gzipEncoder } from './gzip.ts'
import { hadoopSnappyEncoder } from './hadoop-snappy.ts'
import { snappyEncoder } from './snappy.ts'
import { uncompressedEncoder } from './uncompressed.ts'
import { zipEncoder } from './zip.ts'
import { ZstdEncoder } from './zstd.ts'

/**
 * Makes the bodies of objects. The same chunks in whatever pieces always become the same bytes, so that a delivery can be
 * repeated.
 *
 * Content types and encodings are those that objects of AWS carry, down to `zip` and `snappy-java`, which no HTTP client
 * decodes: AWS does not document them, peers have looked (risingwavelabs/risingwave#26855, floci-io/floci `firehose.md`).
 */
export interface BodyEncoder {
  /** With its full stop; '' for none. */
  readonly extension: '.gz' | '.zip' | '.snappy' | '.hsnappy' | '.zst' | ''
  readonly contentType: string
  readonly contentEncoding?: string | undefined
  /**
   * Encodes chunks as they come. A chunk is read before the next one is asked for and may change after that. Chunks are
   * taken about as fast as the result is, a few MiB ahead of it at most. Leaving the result early ends the chunks, too, and
   * releases everything.
   */
  encode(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncIterable<Uint8Array>
  /** Of one that has threads: lets go of them. What it encodes has to be over. */
  close?(): Promise<void>
}

/** The encoder of a compression, in AWS's words. One serves any number of bodies at once. */
export function encoderOf(compression: Compression): BodyEncoder {
  switch (compression) {
    case 'UNCOMPRESSED':
      return uncompressedEncoder
    case 'GZIP':
      return gzipEncoder
    case 'ZIP':
      return zipEncoder
    case 'Snappy':
      return snappyEncoder
    case 'HADOOP_SNAPPY':
      return hadoopSnappyEncoder
    case 'ZSTD':
      return new ZstdEncoder()
    default:
      return compression satisfies never
  }
}
