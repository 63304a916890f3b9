import type { Offset } from './log.ts'
import { NativeLog } from './native-log.ts'
import { NativeReaderLog } from './native-reader-log.ts'
import type { ReadBlock } from './read-block.ts'

/** The log of the metadata: small, and read within calls that answer at once, such as `listStreams`. */
export class NativeMetaLog extends NativeLog {
  override read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    return this.readNow(from, maxBytes, maxRecords, into)
  }
}

/** The same of a store that somebody else may be writing. */
export class NativeReaderMetaLog extends NativeReaderLog {
  override read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    return this.readNow(from, maxBytes, maxRecords, into)
  }
}
