import type { FirehoseOptions } from 'millrace/firehose'

/** The name of the bucket. */
export const bucketName = 'landing'

/** Where objects land: something that the server writes to, and that is looked at from here. */
export interface Bucket {
  /** What the server is told of it. */
  readonly forServer: NonNullable<FirehoseOptions['buckets']>
  /** Where it is, in words. */
  readonly place: string
  /** How many objects are there. */
  count(): Promise<number>
  /** A folder that has every object under its key. */
  fetched(): Promise<string>
  close(): Promise<void>
}
