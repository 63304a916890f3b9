import { createHash } from 'node:crypto'
import { invalidArgument, MillraceError } from '../errors.ts'
import type { PutResult, Stored } from '../streams/put.ts'
import { showAsJson } from '../streams/show-as-json.ts'
import type { StoreInside } from '../streams/store-inside.ts'
import { placeOf } from '../streams/starting-position.ts'
import { coreOf, type Stream } from '../streams/stream.ts'
import { KiB, MiB } from '../units.ts'
import { directLogKey } from './delivery-key.ts'
import type { SourcePosition } from './delivery-source.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'

/** Data of one record, bytes, before it is written as Base64 (AWS API model). */
const directRecordBytesMax: number = 1_000 * KiB

/** Whatever a destination does, records wait so long for it: 24 hours of attempts and as many to look after them. Hours. */
const retentionHours = 48

/** There is one shard: the key routes nothing, and takes the least room. */
const partitionKey = 'r'

/** Characters of a record's id, as AWS's have. */
const recordIdCharacters = 222

/** A record that was taken: it lies in the store. Its id is made when somebody looks at it. */
export class DirectRecord {
  private readonly stored: Stored
  private readonly prefix: string

  static {
    showAsJson(this.prototype)
  }

  /** `put` makes these. */
  constructor(stored: Stored, prefix: string) {
    this.stored = stored
    this.prefix = prefix
  }

  get ok(): true {
    return true
  }

  /** Tells the record from all others. */
  get recordId(): string {
    return this.prefix + this.stored.sequenceNumber.padStart(recordIdCharacters - this.prefix.length, '0')
  }

  /** What `JSON.stringify` and `console.log` show. */
  toJSON(): Record<string, unknown> {
    return { ok: true, recordId: this.recordId }
  }
}

/** What became of one record of a put: `if (outcome.ok)` tells. */
export type PutOutcome =
  | DirectRecord
  /** It was refused at run time, as in the results of `stream.putBatch`. */
  | { readonly ok: false; readonly error: MillraceError }

/** What was put into one delivery stream and is not delivered yet: an internal stream of one shard. */
export class DirectLog {
  readonly stream: Stream
  readonly #prefix: string

  constructor(stream: Stream, { id }: DeliveryStreamState) {
    this.stream = stream
    const hash = (part: string): string => createHash('sha512').update(id).update(part).digest('base64url')
    // A sequence number has at most 56 digits.
    this.#prefix = `${hash('0')}${hash('1')}`.slice(0, recordIdCharacters - 56)
  }

  /** As `Firehose.put`, which says how it rejects. */
  async put(records: readonly Uint8Array[]): Promise<readonly PutOutcome[]> {
    checkRecords(records)
    const results = await this.stream.putBatch(records.map((data) => ({ partitionKey, data })))
    return results.map((result: PutResult) => (result.ok ? new DirectRecord(result, this.#prefix) : result))
  }

  /** Gives the space back of what lies before a position: it is delivered. */
  async trim(position: SourcePosition): Promise<void> {
    for (const sequenceNumber of Object.values(position)) {
      const place = placeOf(sequenceNumber, coreOf(this.stream))
      // The record itself stays: a reader that begins again names it.
      await place?.shard.visit((log) => log.trim(place.offset))
    }
  }
}

/** The logs of the delivery streams of a store. */
export class DirectLogs {
  readonly #inside: Pick<StoreInside, 'internalStreams'>

  constructor(inside: Pick<StoreInside, 'internalStreams'>) {
    this.#inside = inside
  }

  /** The log of a delivery stream; made if there is none yet. Rejects as `InternalStreams.create`. */
  async open(state: DeliveryStreamState): Promise<DirectLog> {
    const { internalStreams } = this.#inside
    const key = directLogKey(state.key)
    if (!internalStreams.has(key)) {
      const plan = { shards: 1, retentionHours, maxRecordBytes: MiB }
      await internalStreams.create(key, plan).catch((error: unknown) => {
        // Another thread was quicker.
        if (!hasCode(error, 'ERR_MILLRACE_STREAM_EXISTS')) throw error
      })
    }
    return new DirectLog(internalStreams.stream(key), state)
  }

  /** Removes the log of a delivery stream, if it has one. */
  async delete(state: DeliveryStreamState): Promise<void> {
    if (state.configuration.source.kind !== 'direct') return
    const { internalStreams } = this.#inside
    const key = directLogKey(state.key)
    if (!internalStreams.has(key)) return
    await internalStreams.delete(key).catch((error: unknown) => {
      if (!hasCode(error, 'ERR_MILLRACE_STREAM_NOT_FOUND')) throw error
    })
  }
}

function checkRecords(records: readonly Uint8Array[]): void {
  if (!Array.isArray(records)) throw invalidArgument('records', records, 'an array')
  for (let index = 0; index < records.length; index++) {
    const record: unknown = records[index]
    if (!isRecord(record)) throw wrongRecord(`records[${index}]`, record, index)
  }
}

function isRecord(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length <= directRecordBytesMax
}

/**
 * Checks what is put alone.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_RECORD_TOO_LARGE`
 */
export function requireRecord(field: string, value: unknown): void {
  if (!isRecord(value)) throw wrongRecord(field, value, 0)
}

function wrongRecord(field: string, value: unknown, entry: number): MillraceError {
  if (!(value instanceof Uint8Array)) return invalidArgument(field, value, 'a Uint8Array')
  const message = `${field} has ${value.length} bytes, and a record at most ${directRecordBytesMax}`
  return new MillraceError('ERR_MILLRACE_RECORD_TOO_LARGE', message, {
    details: { field, entry, bytes: value.length, limit: directRecordBytesMax },
  })
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof MillraceError && error.code === code
}
