import { MillraceError } from '../../../errors.ts'
import { requireMatch, requireOptions } from '../../../options.ts'
import { MiB, minuteMs } from '../../../units.ts'
import type { Column, ColumnType, ConversionConfiguration } from '../../configuration.ts'
import type { DeliveryRecord, FailedRecord } from '../../delivery-record.ts'
import { builtModule } from '../../thread.ts'
import { ThreadShare } from '../../thread-pool.ts'
import { cellReaderOf } from './cell-reader.ts'
import type { ConversionRequest } from './conversion-work.ts'
import { type RecordSlab, RecordSlabBuilder } from './record-slab.ts'
import { emptyFile, type FileIndex, type FilePiece } from './row-group.ts'
import { SpilledBytes } from './spilled-bytes.ts'
import { Turns } from './turns.ts'

/** Records that became a file of Parquet. */
export interface Converted {
  /** A record may be several rows. 0: there is nothing to deliver. */
  readonly rows: number
  /** Of the file. */
  readonly bytes: number
  /** The file, from its beginning at each call, until it is released. */
  body(): AsyncIterable<Uint8Array>
  /** Records that became no row, in order; copies, they may be kept. */
  readonly failed: readonly FailedRecord[]
  /** Gives back what holds the file. May be called again. */
  release(): Promise<void>
}

/** Makes files of Parquet out of records of JSON, for one configuration. */
export interface Converter {
  /** Of the objects. */
  readonly extension: '.parquet'
  readonly contentType: string
  /**
   * Any number of calls may run at once; they take turns. The records are lent until the next ones are asked for. They are
   * read to their end, or given up at the first failure.
   *
   * @throws ThreadFailure if a helper thread cannot go on, which another try may change; what the records throw; the signal's
   * reason; `MillraceError` if the folder cannot be written
   */
  convert(records: AsyncIterable<readonly DeliveryRecord[]>, signal: AbortSignal): Promise<Converted>
  /** Ends the helper threads, unless others use them. What was converted can still be read. May be called again. */
  close(): Promise<void>
}

/** What a converter needs that its configuration does not say. */
export interface ConverterOptions {
  /** A folder that exists: files that do not fit in memory are there until they are released. */
  readonly folder: string
  /** More of a file is kept in the folder. Bytes. @defaultValue 4 MiB */
  readonly memoryBytes?: number | undefined
}

/**
 * JSON for one row group. It is what a conversion holds several times over, as text, values and columns; so row groups are
 * smaller than AWS's, whose `BlockSizeBytes` begins at 64 MiB.
 */
const rowGroupBytesMax = 8 * MiB
/** Where columns are nested: their values may be many more than there are rows. */
const nestedGroupBytesMax = 4 * MiB

/** For a row group: it takes a second. */
const limitMs = 5 * minuteMs

/** Conversions of the process take turns: one of a file with many row groups takes hundreds of megabytes. */
const turns: Turns = new Turns(1)

/**
 * Makes a converter. Files are written a row group at a time, in helper threads: at `blockBytes` or 8 MiB of JSON, 4 MiB if
 * columns are nested, whichever is less. Pages are of version 2, also for `V1`.
 *
 * @throws MillraceError `ERR_MILLRACE_UNSUPPORTED` for a format of timestamps that conversion does not know,
 * `ERR_MILLRACE_INVALID_ARGUMENT` for a schema that is none
 */
export function converterOf(configuration: ConversionConfiguration, options: ConverterOptions): Converter {
  requireOptions('converter options', options, ['folder', 'memoryBytes'])
  requireMatch('folder', options.folder, /^.+$/s, 'a path')
  requireConvertible(configuration)
  return new ParquetConverter(configuration, options)
}

class ParquetConverter implements Converter {
  readonly extension = '.parquet'
  readonly contentType = 'application/octet-stream'
  readonly #configuration: ConversionConfiguration
  readonly #options: ConverterOptions
  readonly #threads: ThreadShare

  constructor(configuration: ConversionConfiguration, options: ConverterOptions) {
    this.#configuration = configuration
    this.#options = options
    this.#threads = new ThreadShare(builtModule('firehose/format/parquet/conversion-work'))
  }

  async convert(records: AsyncIterable<readonly DeliveryRecord[]>, signal: AbortSignal): Promise<Converted> {
    signal.throwIfAborted()
    const done = await turns.take(signal)
    const { folder, memoryBytes = 4 * MiB } = this.#options
    const file = new SpilledBytes(folder, memoryBytes)
    try {
      return await new Conversion(this.#configuration, this.#threads, file, signal).of(records)
    } catch (error) {
      await file.release()
      throw error
    } finally {
      done()
    }
  }

  close(): Promise<void> {
    return this.#threads.close()
  }
}

/** One file on its way. */
class Conversion {
  readonly #configuration: ConversionConfiguration
  readonly #threads: ThreadShare
  readonly #file: SpilledBytes
  readonly #signal: AbortSignal
  readonly #slab: RecordSlabBuilder
  /** Records of the slab that is being filled, without their data. */
  #records: Omit<DeliveryRecord, 'data'>[] = []
  readonly #failed: FailedRecord[] = []
  #index: FileIndex = emptyFile
  /** The row group that is on its way, while the next one is filled. */
  #writing: Promise<void> | undefined

  constructor(
    configuration: ConversionConfiguration,
    threads: ThreadShare,
    file: SpilledBytes,
    signal: AbortSignal,
  ) {
    this.#configuration = configuration
    this.#threads = threads
    this.#file = file
    this.#signal = signal
    this.#slab = new RecordSlabBuilder(
      Math.min(configuration.blockBytes, groupBytesMaxOf(configuration.schema)),
    )
  }

  async of(records: AsyncIterable<readonly DeliveryRecord[]>): Promise<Converted> {
    try {
      await this.#read(records)
    } finally {
      // Nothing is left under way, whatever ends it.
      await this.#writing
    }
    const end = { kind: 'end', index: this.#index } as const
    if (this.#file.bytes > 0) await this.#file.append((await this.#piece(end)).bytes)
    const file = this.#file
    return {
      rows: Number(this.#index.rows),
      bytes: file.bytes,
      failed: this.#failed,
      body: () => file.read(),
      release: () => file.release(),
    }
  }

  async #read(records: AsyncIterable<readonly DeliveryRecord[]>): Promise<void> {
    for await (const batch of records) {
      this.#signal.throwIfAborted()
      for (const record of batch) {
        if (!this.#slab.add(record.data)) {
          await this.#beginRowGroup()
          this.#slab.add(record.data)
        }
        const { arrivedAtMs, origin } = record
        this.#records.push({ arrivedAtMs, origin })
      }
    }
    if (this.#slab.count > 0) await this.#beginRowGroup()
  }

  /** Resolves once it is begun: the one before it is written. */
  async #beginRowGroup(): Promise<void> {
    await this.#writing
    const records = this.#records
    this.#records = []
    this.#writing = this.#writeRowGroup(this.#slab.take(), records)
    this.#writing.catch(() => {}) // Whoever awaits it is told.
  }

  async #writeRowGroup(slab: RecordSlab, records: readonly Omit<DeliveryRecord, 'data'>[]): Promise<void> {
    const piece = await this.#piece({ kind: 'rows', records: slab })
    for (const { index, data, code, message } of piece.failed) {
      const record: DeliveryRecord = { data, arrivedAtMs: 0, ...records[index] }
      this.#failed.push({ record, type: 'format-conversion-failed', code, message, attempts: 1 })
    }
    if (piece.index.rows === 0n) return
    await this.#file.append(piece.bytes)
    this.#index = {
      rows: this.#index.rows + piece.index.rows,
      rowGroups: [...this.#index.rowGroups, ...piece.index.rowGroups],
      pageIndexes: [...this.#index.pageIndexes, ...piece.index.pageIndexes],
    }
  }

  #piece(
    what:
      | Pick<Extract<ConversionRequest, { kind: 'rows' }>, 'kind' | 'records'>
      | Pick<Extract<ConversionRequest, { kind: 'end' }>, 'kind' | 'index'>,
  ): Promise<FilePiece> {
    const { schema, input, compression, pageBytes, dictionary } = this.#configuration
    const configuration = { schema, input, compression, pageBytes, dictionary }
    const request: ConversionRequest = { ...what, configuration, offset: this.#file.bytes }
    const transfer = what.kind === 'rows' ? [what.records.ends.buffer] : []
    return this.#threads.request<FilePiece>(request, { limitMs, transfer, signal: this.#signal })
  }
}

function groupBytesMaxOf(schema: readonly Column[]): number {
  const nested = schema.some(({ type }) => type.kind !== 'primitive' && type.kind !== 'decimal')
  return nested ? nestedGroupBytesMax : rowGroupBytesMax
}

/**
 * Whether there can be a converter of a configuration.
 *
 * @throws MillraceError as `converterOf`
 */
export function requireConvertible({
  schema,
  input,
}: Pick<ConversionConfiguration, 'schema' | 'input'>): void {
  requireColumns(schema)
  for (const { type } of schema) cellReaderOf(type, input)
}

/** Refuses what no file can have: no columns, or two that are told apart by their case or not at all. */
function requireColumns(columns: readonly Column[], where = 'schema'): void {
  const names = new Set(columns.map(({ name }) => name.toLowerCase()))
  if (columns.length === 0 || names.size < columns.length || names.has('')) {
    throw new MillraceError(
      'ERR_MILLRACE_INVALID_ARGUMENT',
      `${where} must have columns, each with a name of its own`,
      {
        details: {
          field: where,
          value: columns.map(({ name }) => name),
          rule: 'columns with different names',
        },
      },
    )
  }
  for (const { name, type } of columns) requireType(type, `${where}.${name}`)
}

function requireType(type: ColumnType, where: string): void {
  if (type.kind === 'struct') requireColumns(type.fields, where)
  if (type.kind === 'array') requireType(type.of, where)
  if (type.kind === 'map') requireType(type.value, where)
}
