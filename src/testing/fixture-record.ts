import { isUtf8 } from 'node:buffer'
import { toUSVString } from 'node:util'
import { invalidArgument, MillraceError } from '../errors.ts'
import { requireInteger, requireOptions } from '../options.ts'
import type { KeylessEntry, PutEntry } from '../streams/put.ts'

/** One record of a fixture, as a line of its file has it. Exactly one of `data`, `dataBase64` and `json` is the payload. */
export interface FixtureRecord {
  /** Absent or empty: the record has none, for a stream that spreads its records over its shards. */
  readonly partitionKey?: string | undefined
  /** A text, stored as UTF-8. */
  readonly data?: string | undefined
  /** Bytes, in Base64. */
  readonly dataBase64?: string | undefined
  /** Any JSON value, stored as its text without blanks. */
  readonly json?: unknown
  /** As in `put`. */
  readonly explicitHashKey?: string | undefined
  /** When it arrived, milliseconds since 1970. */
  readonly arrivedAtMs?: number | undefined
}

const payloadKeys = ['data', 'dataBase64', 'json'] as const
/** `shardId` and `sequenceNumber` say where a record lay that a command printed: of no use in another stream. */
const keys: readonly string[] = [
  'partitionKey',
  ...payloadKeys,
  'explicitHashKey',
  'arrivedAtMs',
  'shardId',
  'sequenceNumber',
]

/** What a line says: the record to put, and when it once arrived. */
export interface ParsedRecord {
  readonly entry: PutEntry | KeylessEntry
  readonly arrivedAtMs: number | undefined
}

/**
 * Reads one line, or takes a record that was made by hand.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function parseFixtureRecord(line: unknown): ParsedRecord {
  const value = typeof line === 'string' ? jsonOf(line) : line
  requireOptions('a record', value, keys)
  const record = value as FixtureRecord
  const given = payloadKeys.filter((key) => record[key] !== undefined)
  if (given.length !== 1)
    throw invalidArgument('the payload', given.join(' and '), 'one of data, dataBase64 and json')
  const { partitionKey, explicitHashKey, arrivedAtMs } = record
  if (arrivedAtMs !== undefined) requireInteger('arrivedAtMs', arrivedAtMs, 0, Number.MAX_SAFE_INTEGER)
  const payload = { data: payloadOf(record), explicitHashKey }
  const entry = partitionKey === undefined || partitionKey === '' ? payload : { partitionKey, ...payload }
  return { entry, arrivedAtMs }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', `the line is not JSON: ${reason}`, { cause })
  }
}

function payloadOf({ data, dataBase64, json }: FixtureRecord): Uint8Array {
  if (json !== undefined) return Buffer.from(JSON.stringify(json))
  if (dataBase64 === undefined) {
    if (typeof data !== 'string' || toUSVString(data) !== data) throw invalidArgument('data', data, 'a text')
    return Buffer.from(data)
  }
  const bytes = typeof dataBase64 === 'string' ? Buffer.from(dataBase64, 'base64') : undefined
  // The platform passes over what is no Base64; nobody wants to find that out in a payload.
  if (bytes === undefined || unpadded(bytes.toString('base64')) !== unpadded(dataBase64))
    throw invalidArgument('dataBase64', dataBase64, 'Base64')
  return bytes
}

function unpadded(base64: string): string {
  return base64.replace(/=*$/, '')
}

/** A record as `fixtureLine` takes it: any stream's. */
export interface WritableRecord {
  readonly partitionKey: string
  readonly explicitHashKey: string | undefined
  readonly arrivedAtMs: number
  readonly bytes: Uint8Array
}

/** The line of a record, without its newline: `parseFixtureRecord` makes the same bytes of it. */
export function fixtureLine({ partitionKey, explicitHashKey, arrivedAtMs, bytes }: WritableRecord): string {
  const routed = explicitHashKey === undefined ? {} : { explicitHashKey }
  const keyed = partitionKey === '' ? {} : { partitionKey }
  return JSON.stringify({ arrivedAtMs, ...keyed, ...routed, ...shownPayload(bytes) })
}

function shownPayload(bytes: Uint8Array): Pick<FixtureRecord, (typeof payloadKeys)[number]> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!isUtf8(buffer)) return { dataBase64: buffer.toString('base64') }
  const data = buffer.toString()
  const json = /^[{[]/.test(data) ? sameJson(data) : undefined
  return json === undefined ? { data } : { json }
}

/** The value of a text that is exactly what this value is written as. */
function sameJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return JSON.stringify(value) === text ? value : undefined
  } catch {
    return undefined
  }
}
