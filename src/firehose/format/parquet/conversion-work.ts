import type { WorkAnswer } from '../../work.ts'
import type { RecordSlab } from './record-slab.ts'
import { fileEnd, rowGroupsOf, type FileConfiguration, type FileIndex } from './row-group.ts'

/** What a helper thread is asked for: the next piece of a file, or its end. */
export type ConversionRequest =
  | {
      readonly kind: 'rows'
      readonly configuration: FileConfiguration
      readonly records: RecordSlab
      readonly offset: number
    }
  | {
      readonly kind: 'end'
      readonly configuration: FileConfiguration
      readonly index: FileIndex
      readonly offset: number
    }

/** In a helper thread: makes a `FilePiece`. It remembers nothing between requests. */
export async function work(request: ConversionRequest): Promise<WorkAnswer> {
  const { configuration, offset } = request
  const piece =
    request.kind === 'rows'
      ? await rowGroupsOf(configuration, request.records, offset)
      : await fileEnd(configuration, offset, request.index)
  return { answer: piece, transfer: [piece.bytes.buffer] }
}
