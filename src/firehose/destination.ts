import type { StorageClass } from './configuration.ts'
import type { DeliveryRecord } from './delivery-record.ts'

/** One object for a bucket. */
export interface ObjectParcel {
  readonly bucket: string
  /** Not yet judged: a destination refuses what it cannot keep within the bucket. At most 1,024 bytes of UTF-8. */
  readonly key: string
  readonly contentType: string
  readonly contentEncoding?: string | undefined
  /** For S3; folders pass over it. @defaultValue STANDARD */
  readonly storageClass?: StorageClass | undefined
  /**
   * The bytes, from the beginning at each call, so that a delivery can be repeated. A chunk is lent until the next one is
   * asked for.
   */
  body(): AsyncIterable<Uint8Array>
}

/** Takes objects. Any number of calls may run at once. */
export interface ObjectDestination {
  readonly takes: 'objects'
  /**
   * Resolves once the object is whole and safe where it is to be; nobody ever sees a part of one. The same key again
   * replaces it. Rejects with `DeliveryError`, or with the signal's reason once that is aborted; then nothing is left of
   * it, or all of it is there.
   */
  deliver(parcel: ObjectParcel, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Records for one delivery, and what repeats of it have in common. */
export interface RecordParcel {
  /** A UUID: repeats of a delivery have the same. */
  readonly id: string
  /** From 1. */
  readonly attempt: number
  /** In order; lent until the call has settled. */
  readonly records: readonly DeliveryRecord[]
}

/** A record of a parcel that was not taken, the others were. */
export interface Refusal {
  /** In the parcel's records. */
  readonly index: number
  /** Whether to try it again is of any use. */
  readonly again: boolean
  readonly code: string
  readonly message: string
}

/** Takes records. Calls come one after the other, so that order is kept. */
export interface RecordDestination {
  readonly takes: 'records'
  /** What a parcel holds at most. */
  readonly recordsMax: number
  readonly bytesMax: number
  /**
   * Answers what was not taken, by index; empty for all is well. Rejects with `DeliveryError` if nothing was, or may have
   * been, and with the signal's reason once that is aborted.
   */
  deliver(parcel: RecordParcel, signal: AbortSignal): Promise<readonly Refusal[]>
  close(): Promise<void>
}

export type Destination = ObjectDestination | RecordDestination

/** Errors that are ours. */
const made: WeakSet<object> = new WeakSet()

/** A delivery that came to nothing. It never leaves `src/firehose`. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  /** In the words of AWS's delivery log, such as `S3.AccessDenied`, `HttpEndpoint.InvalidStatusCode`. */
  readonly code: string
  /** Whether to try again is of any use. */
  readonly again: boolean

  constructor(code: string, message: string, options: { readonly again: boolean; readonly cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.again = options.again
    made.add(this)
  }

  /** Whether something that was thrown is one. Unlike `instanceof` it runs nothing of a program's proxies. */
  static is(thrown: unknown): thrown is DeliveryError {
    return made.has(thrown as object)
  }
}
