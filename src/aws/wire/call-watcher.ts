/**
 * Told what becomes of one call, by whoever knows: the dispatcher, the service, the operation. For those who count,
 * log or trace calls. Its methods must not throw.
 */
export interface CallWatcher {
  /**
   * The request is for this operation; whether it may be and makes sense is not known yet.
   *
   * @param service as its model calls it, such as `kinesis`: two services have a `PutRecord`
   */
  called(operation: string, service: string): void
  /** The resource that the call is about, by its name. Not told of calls that are about none, or a missing one. */
  about(resource: string): void
  /** Records were put, all of them or some. */
  put(outcome: PutOutcome): void
  /**
   * Records were read, or pushed as an event.
   *
   * @param bytes keys and data
   * @param behindMs from the last of them to the newest in the shard; milliseconds
   * @param ageMs how long ago the last of them arrived; `undefined` if there are none. Milliseconds
   */
  read(records: number, bytes: number, behindMs: number, ageMs: number | undefined): void
  /** Something went wrong, in the library's words or in the service's: the call as a whole, or some of its records. */
  failed(error: unknown): void
}

/** What became of the records of one put. */
export interface PutOutcome {
  /** All that were to be stored. */
  readonly records: number
  readonly stored: number
  /** Keys and data of those that were stored. */
  readonly storedBytes: number
  /** Refused by a limit that is enforced. */
  readonly throttled: number
}
