import type { MillraceError } from '../errors.ts'
import type { LineRecord } from './record-format.ts'

/** What became of one record. */
export type SinkResult = { readonly ok: true } | { readonly ok: false; readonly error: MillraceError }

/** Whatever takes records: a stream in a folder, or one at an endpoint. */
export interface RecordSink {
  putBatch(records: readonly LineRecord[]): Promise<readonly SinkResult[]>
}
