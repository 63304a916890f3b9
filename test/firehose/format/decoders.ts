import { spawnSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import { snappyUncompress } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { Compression } from '../../../src/firehose/configuration.ts'

/** Readers of what the encoders write, none of them made from the same code. */
export const decoders: Readonly<Record<Compression, (body: Buffer, bytes: number) => Buffer>> = {
  UNCOMPRESSED: (body) => body,
  GZIP: (body) => gunzipSync(body),
  ZIP: unzipped,
  Snappy: unframed,
  HADOOP_SNAPPY: unblocked,
  ZSTD: (body, bytes) => Buffer.from(compressors.ZSTD?.(body, bytes) ?? []),
}

/** Python's own reader, which checks the checksum and that the directory fits the entry. */
function unzipped(body: Buffer): Buffer {
  const program = `
import sys, io, zipfile
archive = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert archive.testzip() is None
(entry,) = archive.infolist()
assert entry.filename == 'records' and entry.compress_type == zipfile.ZIP_DEFLATED
sys.stdout.buffer.write(archive.read(entry))`
  const { status, stdout, stderr } = spawnSync('python3', ['-c', program], {
    input: body,
    maxBuffer: 2 ** 28,
  })
  if (status !== 0) throw new Error(`python3 refuses the archive: ${stderr.toString()}`)
  return stdout
}

/** After snappy-java's `SnappyInputStream`. */
function unframed(body: Buffer): Buffer {
  if (body.toString('latin1', 0, 8) !== '\x82SNAPPY\0') throw new Error('no header of snappy-java')
  if (body.readUInt32BE(8) < 1 || body.readUInt32BE(12) !== 1) throw new Error('versions')
  const blocks: Buffer[] = []
  for (let at = 16; at < body.length;) {
    const length = body.readUInt32BE(at)
    blocks.push(uncompressed(body.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

/** After Hadoop's `BlockDecompressorStream`, whose buffers are 256 KiB. */
function unblocked(body: Buffer): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at < body.length;) {
    const bytes = body.readUInt32BE(at)
    at += 4
    for (let done = 0; done < bytes;) {
      const length = body.readUInt32BE(at)
      if (length > 256 * 1024) throw new Error(`a frame of ${length} bytes`)
      const block = uncompressed(body.subarray(at + 4, at + 4 + length))
      blocks.push(block)
      done += block.length
      at += 4 + length
    }
  }
  return Buffer.concat(blocks)
}

/** A block of raw Snappy: its length as a varint, then what hyparquet reads. */
function uncompressed(block: Buffer): Buffer {
  let bytes = 0
  for (let at = 0, shift = 0; ; at += 1, shift += 7) {
    const byte = block[at] ?? 0
    bytes += (byte & 127) * 2 ** shift
    if (byte < 128) break
  }
  const output = Buffer.alloc(bytes)
  snappyUncompress(block, output)
  return output
}
