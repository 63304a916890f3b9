import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { nextTurn } from '../../clock.ts'
import { MiB } from '../../units.ts'
import type { DeliveryRecord } from '../delivery-record.ts'
import { DeliveryError } from '../destination.ts'

/** Of the whole body, before compression (Firehose developer guide, "HTTP endpoint delivery request"). Bytes. */
export const bodyBytesMax: number = 64 * MiB
/** Records of one request. */
export const bodyRecordsMax = 10_000

/** How much is encoded before others get their turn. Bytes of records. */
const sliceBytes: number = MiB

const compress = promisify(gzip)

/** What a body is made of. */
export interface BodyParts {
  /** The request's id. */
  readonly id: string
  /** Milliseconds since 1970. */
  readonly timestampMs: number
  readonly records: readonly DeliveryRecord[]
}

/** Bytes of records that fit whatever their number: each takes four characters for three bytes, and some more. */
export const recordBytesMax: number = Math.floor(((bodyBytesMax - 1024 - bodyRecordsMax * 16) / 4) * 3)

/**
 * The JSON of a request: its id, the time and the records in base64.
 *
 * @throws `DeliveryError` for what exceeds AWS's limits
 */
export async function httpBody(parts: BodyParts): Promise<Buffer> {
  const { records } = parts
  const head = `{"requestId":${JSON.stringify(parts.id)},"timestamp":${parts.timestampMs},"records":[`
  const bytes = sizeOf(head, records)
  if (records.length > bodyRecordsMax || bytes > bodyBytesMax) {
    throw new DeliveryError(
      'HttpEndpoint.RequestTooLarge',
      `${records.length} records make a body of ${bytes} bytes; ${bodyRecordsMax} and ${bodyBytesMax} are the limits`,
      { again: false },
    )
  }
  const body = Buffer.allocUnsafe(bytes)
  let at = body.write(head, 'latin1')
  let slice = 0
  for (const [index, { data }] of records.entries()) {
    at += body.write(index === 0 ? '{"data":"' : ',{"data":"', at, 'latin1')
    at += body.write(base64(data), at, 'latin1')
    at += body.write('"}', at, 'latin1')
    slice += data.length
    if (slice >= sliceBytes) {
      slice = 0
      await nextTurn()
    }
  }
  body.write(']}', at, 'latin1')
  return body
}

/** The same, compressed by a helper thread. */
export async function compressed(body: Buffer): Promise<Buffer> {
  return compress(body)
}

/** Exactly. */
function sizeOf(head: string, records: readonly DeliveryRecord[]): number {
  let bytes = head.length + ']}'.length + Math.max(0, records.length - 1)
  for (const { data } of records) bytes += '{"data":""}'.length + 4 * Math.ceil(data.length / 3)
  return bytes
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}
