import { isUtf8 } from 'node:buffer'
import { time } from './figures.ts'

/** How a record is printed. */
export type RecordView = 'text' | 'data' | 'ndjson'

/** Records of one shard, from wherever they were read. */
export interface ViewedBatch {
  readonly shardId: string
  readonly length: number
  bytes(index: number): Uint8Array
  partitionKey(index: number): string
  /** A sequence number, which JSON writes as text. */
  sequenceNumber(index: number): unknown
  arrivedAtMs(index: number): number
  /** Undefined where there is none, or nobody tells. */
  explicitHashKey(index: number): unknown
}

/** The bytes of one record's line, newline included, in pieces. */
export type PrintRecord = (batch: ViewedBatch, index: number) => Uint8Array[]

const newline = Buffer.from('\n')
/** Data that is not text is shown by its first bytes. */
const shownBytesMax = 32

export function recordView(view: RecordView): PrintRecord {
  switch (view) {
    case 'data':
      return (batch, index) => [batch.bytes(index), newline]
    case 'text':
      return (batch, index) => [Buffer.from(textLine(batch, index))]
    case 'ndjson':
      return (batch, index) => [Buffer.from(`${JSON.stringify(envelope(batch, index))}\n`)]
    default:
      return view satisfies never
  }
}

function textLine(batch: ViewedBatch, index: number): string {
  const key = withoutControls(batch.partitionKey(index))
  return `${time(batch.arrivedAtMs(index))}  ${batch.shardId}  ${key}  ${shownData(batch.bytes(index))}\n`
}

function shownData(data: Uint8Array): string {
  if (isUtf8(data)) return withoutControls(Buffer.from(data.buffer, data.byteOffset, data.length).toString())
  const shown = Buffer.from(data.subarray(0, shownBytesMax)).toString('hex')
  return `<${data.length} bytes: ${shown}${data.length > shownBytesMax ? '…' : ''}>`
}

/** A record is one line and must not steer the terminal: control characters are shown as JSON escapes. */
export function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

export function envelope(batch: ViewedBatch, index: number): Record<string, unknown> {
  const data = batch.bytes(index)
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.length)
  const explicitHashKey = batch.explicitHashKey(index)
  return {
    shardId: batch.shardId,
    sequenceNumber: batch.sequenceNumber(index),
    arrivedAtMs: batch.arrivedAtMs(index),
    partitionKey: batch.partitionKey(index),
    ...(explicitHashKey === undefined ? {} : { explicitHashKey }),
    ...(isUtf8(buffer) ? { data: buffer.toString() } : { dataBase64: buffer.toString('base64') }),
  }
}
