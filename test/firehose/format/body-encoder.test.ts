import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import type { Compression } from '../../../src/firehose/configuration.ts'
import { type BodyEncoder, encoderOf } from '../../../src/firehose/format/body-encoder.ts'
import { decoders } from './decoders.ts'

const compressions = Object.keys(decoders) as Compression[]
const MiB = 1024 * 1024

/** Text that compresses as records do. */
const text = (bytes: number): Buffer =>
  Buffer.from(
    Array.from({ length: bytes / 32 + 1 }, (_, index) => `{"id":${index},"at":${index * 7919}}`).join('\n'),
  ).subarray(0, bytes)

/** What a source does with its chunks: hands out the same memory again and again. */
function* reused(body: Buffer, chunkBytes: number): Generator<Uint8Array> {
  const memory = Buffer.alloc(chunkBytes)
  yield memory.subarray(0, 0)
  for (let at = 0; at < body.length; at += chunkBytes) {
    const bytes = body.copy(memory, 0, at)
    yield memory.subarray(0, bytes)
    memory.fill(0xee)
  }
}

async function encoded(
  compression: Compression,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Buffer> {
  const encoder = encoderOf(compression)
  try {
    return await bodyOf(encoder, chunks)
  } finally {
    await encoder.close?.()
  }
}

async function bodyOf(
  encoder: BodyEncoder,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of encoder.encode(chunks)) pieces.push(Uint8Array.from(piece))
  return Buffer.concat(pieces)
}

async function* failing(): AsyncGenerator<Uint8Array> {
  yield longText.subarray(0, 3 * MiB)
  throw new Error('the spill file is gone')
}

const digest = (bytes: Buffer): string => `${bytes.length} ${createHash('md5').update(bytes).digest('hex')}`

const longText = text(4 * MiB + 1)

const bodies: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('{')],
  ['records', longText.subarray(0, 100_000)],
  ['what cannot be compressed', randomBytes(300_000)],
  ['a block of 32 KiB', longText.subarray(0, 32 * 1024)],
  ['a byte more', longText.subarray(0, 32 * 1024 + 1)],
  ['a block of Hadoop', longText.subarray(0, 218_422)],
  ['two, and a byte', randomBytes(2 * 218_422 + 1)],
  ['a part', longText.subarray(0, MiB)],
  ['a part and a byte', longText.subarray(0, MiB + 1)],
  ['a frame and a byte', longText],
]

describe.each(compressions)('%s', (compression) => {
  it.each(bodies)('is read by others: %s', async (_, body) => {
    const decoded = decoders[compression](await encoded(compression, [body]), body.length)
    expect(digest(decoded)).toBe(digest(body))
  })

  it('is the same however it is cut, and reads chunks before the next ones', async () => {
    const body = Buffer.concat([longText.subarray(0, 2 * MiB), randomBytes(10_000)])
    const whole = digest(await encoded(compression, [body]))
    expect(digest(await encoded(compression, reused(body, 1000)))).toBe(whole)
    expect(digest(await encoded(compression, reused(body, body.length)))).toBe(whole)
  })

  it('takes no more than it hands out, and ends its source when it is left', async () => {
    let taken = 0
    let ended = false
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) {
          taken += 1000
          yield Buffer.concat([longText.subarray(0, 950), randomBytes(50)])
        }
      } finally {
        ended = true
      }
    }
    const encoder = encoderOf(compression)
    for await (const piece of encoder.encode(endless())) {
      if (piece.length > 100) break
    }
    await encoder.close?.()
    expect(ended).toBe(true)
    expect(taken).toBeLessThan(16 * MiB)
  })

  it('fails with its source', async () => {
    await expect(encoded(compression, failing())).rejects.toThrow('the spill file is gone')
  })
})

it('makes all Zstandard of a delivery in the same thread, and ends it with the delivery', async () => {
  const exits: Promise<unknown>[] = []
  const started = (worker: Worker): void => {
    exits.push(once(worker, 'exit'))
  }
  process.on('worker', started)
  try {
    const encoder = encoderOf('ZSTD')
    for (const _ of [1, 2, 3]) {
      const body = await bodyOf(encoder, [longText.subarray(0, 1000)])
      expect(decoders.ZSTD(body, 1000).equals(longText.subarray(0, 1000))).toBe(true)
    }
    expect(exits.length).toBe(1)
    await encoder.close?.()
    await Promise.all(exits)
    await expect(bodyOf(encoder, [longText.subarray(0, 1000)])).rejects.toThrow('closed')
  } finally {
    process.off('worker', started)
  }
})

it('names objects and their encoding as AWS does', () => {
  const words = compressions.map((compression) => {
    const { extension, contentType, contentEncoding } = encoderOf(compression)
    return [compression, extension, contentType, contentEncoding]
  })
  expect(words).toEqual([
    ['UNCOMPRESSED', '', 'application/octet-stream', undefined],
    ['GZIP', '.gz', 'application/octet-stream', 'gzip'],
    ['ZIP', '.zip', 'application/octet-stream', 'zip'],
    ['Snappy', '.snappy', 'application/octet-stream', 'snappy-java'],
    ['HADOOP_SNAPPY', '.hsnappy', 'application/octet-stream', 'hadoop-snappy'],
    ['ZSTD', '.zst', 'application/octet-stream', 'zstd'],
  ])
})
