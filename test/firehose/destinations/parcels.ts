import type { DeliveryRecord } from '../../../src/firehose/delivery-record.ts'
import type { ObjectParcel, RecordParcel } from '../../../src/firehose/destination.ts'

/** A signal that nobody aborts. */
export const unaborted: AbortSignal = new AbortController().signal

/** An object of some text, or of chunks. */
export function objectOf(
  bucket: string,
  key: string,
  content: string | readonly Uint8Array[],
  more: Partial<ObjectParcel> = {},
): ObjectParcel {
  const chunks = typeof content === 'string' ? [Buffer.from(content)] : content
  return {
    bucket,
    key,
    contentType: 'application/octet-stream',
    async *body() {
      yield* chunks
    },
    ...more,
  }
}

/** Chunks of so many bytes together, each other than the next, all in one piece of memory that is used again. */
export async function* lentChunks(bytes: number, chunkBytes = 300_000): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(chunkBytes)
  for (let at = 0, number = 0; at < bytes; at += chunkBytes, number++) {
    memory.fill(number % 251)
    yield memory.subarray(0, Math.min(chunkBytes, bytes - at))
    memory.fill(0xff)
  }
}

/** What `lentChunks` yields, kept. */
export async function keptChunks(bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of lentChunks(bytes)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

export function recordsOf(...texts: readonly string[]): DeliveryRecord[] {
  return texts.map((text, index) => ({ data: Buffer.from(text), arrivedAtMs: 1_000 + index }))
}

export function parcelOf(
  records: readonly DeliveryRecord[],
  id = '4b3d7f0a-6a2e-4b3c-9d44-1a2b3c4d5e6f',
): RecordParcel {
  return { id, attempt: 1, records }
}

/** What a promise rejects with. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('it was fulfilled')
}
