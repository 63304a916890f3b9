import type { NativeLogFollower, NativeShardLog } from '../native/addon.ts'
import type { Offset } from './log.ts'
import { NativeLog, type NativeLogHost } from './native-log.ts'
import { type NativeReaderHost, NativeReaderLog } from './native-reader-log.ts'
import type { ReadBlock } from './read-block.ts'

/**
 * The log of the metadata: small, and read within calls that answer at once, such as `listStreams`. It is followed as
 * long as the store is open, so that keeps no process alive.
 */
export class NativeMetaLog extends NativeLog {
  constructor(native: NativeShardLog, host: NativeLogHost) {
    super(native, host, 'metadata')
  }

  override read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    return this.readNow(from, maxBytes, maxRecords, into)
  }
}

/** The same of a store that somebody else may be writing. */
export class NativeReaderMetaLog extends NativeReaderLog {
  constructor(native: NativeLogFollower, host: NativeReaderHost) {
    super(native, host, 'metadata')
  }

  override read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    return this.readNow(from, maxBytes, maxRecords, into)
  }
}
