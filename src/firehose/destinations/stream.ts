import { MillraceError } from '../../errors.ts'
import { partitionKeyBytesMax, partitionKeyCodePointsMax } from '../../streams/partition-key.ts'
import type { PutEntry } from '../../streams/put.ts'
import type { Store } from '../../streams/store.ts'
import type { Stream } from '../../streams/stream.ts'
import { MiB } from '../../units.ts'
import { DeliveryError, type RecordDestination, type RecordParcel, type Refusal } from '../destination.ts'
import { failureText } from '../failure-text.ts'

/** What another stream needs. */
export interface StreamHost {
  readonly store: Store
  /** `arn:aws:kinesis:<region>:<account>:stream/<name>` */
  readonly streamArn: string
}

/**
 * Records for another stream of the store. A record from a stream keeps its partition key; others are spread evenly. What
 * the stream refuses at run time, such as what exceeds its limits, comes again, and so does everything while the stream is
 * gone: one of its name may be made again. A record that is larger than the stream takes is refused for good.
 *
 * Order is kept within a partition key, unless a record is refused and a later one of its key is not.
 *
 * Codes are `Stream.` and the end of the error's own: `Stream.STREAM_NOT_FOUND`, `Stream.THROTTLED`.
 */
export class StreamReceiver implements RecordDestination {
  readonly takes = 'records'
  readonly recordsMax = 10_000
  readonly bytesMax: number = 64 * MiB
  readonly #host: StreamHost

  constructor(host: StreamHost) {
    this.#host = host
  }

  /** A put cannot be aborted: once it is under way its outcome is told, and nothing comes twice. */
  async deliver(parcel: RecordParcel, signal: AbortSignal): Promise<readonly Refusal[]> {
    signal.throwIfAborted()
    try {
      return await this.#put(parcel)
    } catch (error) {
      throw failureOf(error)
    }
  }

  /** The stream is the store's. */
  async close(): Promise<void> {}

  async #put(parcel: RecordParcel): Promise<readonly Refusal[]> {
    const stream = this.#stream()
    const { maxRecordBytes } = stream.describe()
    const entries: PutEntry[] = []
    const indices: number[] = []
    const refusals: Refusal[] = []
    for (const [index, record] of parcel.records.entries()) {
      const partitionKey = keyOf(record.origin?.partitionKey) ?? `${parcel.id}-${index}`
      const bytes = Buffer.byteLength(partitionKey) + record.data.length
      if (bytes > maxRecordBytes) {
        refusals.push(tooLarge(index, bytes, maxRecordBytes))
      } else {
        entries.push({ partitionKey, data: record.data })
        indices.push(index)
      }
    }
    const results = await stream.putBatch(entries)
    for (const [at, result] of results.entries()) {
      if (!result.ok) refusals.push(refusalOf(indices[at] as number, result.error))
    }
    return refusals.toSorted((one, other) => one.index - other.index)
  }

  #stream(): Stream {
    const { store, streamArn } = this.#host
    const [, , , region = '', account = '', resource = ''] = streamArn.split(':')
    return store.within({ account, region }).stream(resource.slice('stream/'.length))
  }
}

/** A partition key that streams take. Those inside aggregated records come from anybody. */
function keyOf(key: string | undefined): string | undefined {
  if (key === undefined || key === '' || key.length > 2 * partitionKeyCodePointsMax) return undefined
  if (Buffer.byteLength(key) > partitionKeyBytesMax || [...key].length > partitionKeyCodePointsMax)
    return undefined
  return Buffer.from(key).toString() === key ? key : undefined
}

function tooLarge(index: number, bytes: number, max: number): Refusal {
  return {
    index,
    again: false,
    code: 'Stream.RECORD_TOO_LARGE',
    message: `partition key and data have ${bytes} bytes, the stream takes ${max}`,
  }
}

function refusalOf(index: number, error: MillraceError): Refusal {
  return { index, again: true, code: codeOf(error), message: error.message }
}

function failureOf(error: unknown): DeliveryError {
  if (!(error instanceof MillraceError)) {
    return new DeliveryError('Stream.INTERNAL', failureText(error), { again: true, cause: error })
  }
  return new DeliveryError(codeOf(error), error.message, { again: true, cause: error })
}

function codeOf({ code }: MillraceError): string {
  return code.replace('ERR_MILLRACE_', 'Stream.')
}
