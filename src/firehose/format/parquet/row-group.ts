import { gzipSync } from 'node:zlib'
import type { RowGroup } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { KiB } from '../../../units.ts'
import type { ConversionConfiguration } from '../../configuration.ts'
import { Misfit } from './misfit.ts'
import { parquetSchema } from './parquet-schema.ts'
import type { RecordSlab } from './record-slab.ts'
import { RowColumns } from './row-columns.ts'

/** What of a configuration shapes a file. */
export type FileConfiguration = Pick<
  ConversionConfiguration,
  'schema' | 'input' | 'compression' | 'pageBytes' | 'dictionary'
>

/** What the end of a file has to know of the row groups before it. Plain data, for the writer alone. */
export interface FileIndex {
  readonly rows: bigint
  readonly rowGroups: readonly RowGroup[]
  readonly pageIndexes: ParquetWriter['pendingIndexes']
}

/** No row group yet. */
export const emptyFile: FileIndex = { rows: 0n, rowGroups: [], pageIndexes: [] }

/** A record that became no row. */
export interface FailedIndex {
  readonly data: Uint8Array
  /** Among the records. */
  readonly index: number
  readonly code: Misfit['code']
  readonly message: string
}

/** A piece of a file. */
export interface FilePiece {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly index: FileIndex
  readonly failed: readonly FailedIndex[]
}

type Compress = (bytes: Uint8Array) => Uint8Array

/** What compresses pages, by the writer's name for it. */
async function compressorsOf(
  compression: FileConfiguration['compression'],
): Promise<Partial<Record<'SNAPPY' | 'GZIP', Compress>>> {
  if (compression === 'GZIP') return { GZIP: gzipSync }
  if (compression === 'UNCOMPRESSED') return {}
  const { compressSync } = await import('snappy')
  return { SNAPPY: compressSync }
}

/** Rows times columns: what is held as values at a time. */
const groupCellsMax = 2_000_000

/**
 * Makes the row groups of some records: one, unless they are very many rows, and none if no record becomes a row. The first
 * one begins the file. Records that become no row are `failed`.
 *
 * @param offset where in the file it lies
 */
export async function rowGroupsOf(
  configuration: FileConfiguration,
  { bytes, ends }: RecordSlab,
  offset: number,
): Promise<FilePiece> {
  const { file, output } = await writerAt(configuration, offset, emptyFile, bytes.length)
  const failed: FailedIndex[] = []
  const records = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let columns = new RowColumns(configuration, records)
  for (const [index, end] of ends.entries()) {
    const begin = ends[index - 1] ?? 0
    try {
      columns.add(begin, end)
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      failed.push({ index, data: bytes.slice(begin, end), code: error.code, message: error.message })
    }
    if (columns.count * columns.cells.length < groupCellsMax) continue
    await writeRowGroup(file, configuration, columns)
    columns = new RowColumns(configuration, records)
  }
  if (columns.count > 0) await writeRowGroup(file, configuration, columns)
  return { bytes: takenFrom(output), index: indexOf(file), failed }
}

async function writeRowGroup(
  file: ParquetWriter,
  configuration: FileConfiguration,
  columns: RowColumns,
): Promise<void> {
  const columnData = configuration.schema.map(({ name }, index) => ({
    name,
    data: columns.cells[index] as never[],
    // Of its own accord the writer makes dictionaries where they save something.
    ...(!configuration.dictionary && { encoding: 'PLAIN' as const }),
  }))
  await file.write({ columnData, rowGroupSize: columns.count, pageSize: configuration.pageBytes })
}

/** Makes the end of a file. */
export async function fileEnd(
  configuration: FileConfiguration,
  offset: number,
  index: FileIndex,
): Promise<FilePiece> {
  const { file, output } = await writerAt(configuration, offset, index)
  await file.finish()
  return { bytes: takenFrom(output), index, failed: [] }
}

/**
 * A writer that goes on with a file, somewhere in it.
 *
 * @param bytesExpected what is written is copied each time that it has doubled beyond that; memory that is not used costs none
 */
async function writerAt(
  configuration: FileConfiguration,
  offset: number,
  index: FileIndex,
  bytesExpected: number = 64 * KiB,
): Promise<{ readonly file: ParquetWriter; readonly output: ByteWriter }> {
  const output = new ByteWriter(bytesExpected)
  const file = new ParquetWriter({
    writer: output,
    schema: parquetSchema(configuration.schema),
    codec: configuration.compression,
    compressors: await compressorsOf(configuration.compression),
    createdBy: 'millrace',
  })
  // It has begun a file: that was done before, unless this is its beginning.
  if (offset > 0) output.index = 0
  if (offset > 0) output.offset = offset
  file.num_rows = index.rows
  file.row_groups = [...index.rowGroups]
  file.pendingIndexes = [...index.pageIndexes]
  return { file, output }
}

function indexOf(file: ParquetWriter): FileIndex {
  return { rows: file.num_rows, rowGroups: file.row_groups.map(detached), pageIndexes: file.pendingIndexes }
}

/** Least and greatest texts lie among the records, whose memory is used again. */
function detached(rowGroup: RowGroup): RowGroup {
  for (const { meta_data } of rowGroup.columns) {
    const statistics = meta_data?.statistics
    if (statistics?.min_value instanceof Uint8Array)
      statistics.min_value = new Uint8Array(statistics.min_value)
    if (statistics?.max_value instanceof Uint8Array)
      statistics.max_value = new Uint8Array(statistics.max_value)
  }
  return rowGroup
}

/** What was written, in at most twice its memory: whoever keeps it counts its bytes alone. */
function takenFrom(output: ByteWriter): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(output.buffer, 0, output.index)
  return bytes.length < output.buffer.byteLength / 2 ? bytes.slice() : bytes
}
