import type { Column, ConversionConfiguration } from '../../configuration.ts'
import { cellReaderOf, type CellReader } from './cell-reader.ts'

/** How a column of a file is read. */
export interface ColumnReader {
  /** A string without escapes is its cell as it is, in UTF-8. */
  readonly text: boolean
  /** Cells of texts are bytes: the writer takes them as they are. */
  readonly read: CellReader
}

/** Readers of columns, in their order. */
export function columnReadersOf({
  schema,
  input,
}: Pick<ConversionConfiguration, 'schema' | 'input'>): readonly ColumnReader[] {
  return schema.map((column) => columnReader(column, input))
}

function columnReader({ type }: Column, input: ConversionConfiguration['input']): ColumnReader {
  const read = cellReaderOf(type, input)
  if (type.kind !== 'primitive' || type.name !== 'string') return { text: false, read }
  return { text: true, read: (value) => Buffer.from(read(value) as string) }
}
