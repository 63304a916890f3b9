import { fileURLToPath } from 'node:url'
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetRead,
  type AsyncBuffer,
  type FileMetaData,
} from 'hyparquet'
import { compressors } from 'hyparquet-compressors'

/** Three million flights within the United States, from January 2001 on, as the `vega-datasets` package ships them. */
export function flightsFile(): string {
  // The package exports its code only; its data lies beside it.
  return fileURLToPath(new URL('../data/flights-3m.parquet', import.meta.resolve('vega-datasets')))
}

/** Some consecutive flights, column by column. */
export interface FlightPage {
  /** Rows in this page. */
  readonly count: number
  /** The airport of departure of each row: the partition key. */
  readonly origins: ArrayLike<string>
  /** Row `index` of this page as the JSON text that is stored. */
  json(index: number): string
}

/** The flights of one parquet file, read one row group at a time: memory does not grow with the file. */
export class FlightSource {
  readonly file: string
  readonly rows: number
  readonly #buffer: AsyncBuffer
  readonly #metadata: FileMetaData

  private constructor(file: string, buffer: AsyncBuffer, metadata: FileMetaData) {
    this.file = file
    this.rows = Number(metadata.num_rows)
    this.#buffer = buffer
    this.#metadata = metadata
  }

  static async open(file: string): Promise<FlightSource> {
    const buffer = await asyncBufferFromFile(file)
    const source = new FlightSource(file, buffer, await parquetMetadataAsync(buffer))
    for (const name of ['date', 'delay', 'distance', 'origin', 'destination']) {
      if (!source.#metadata.schema.some((column) => column.name === name)) {
        throw new Error(`${file} holds no flights: it has no column "${name}"`)
      }
    }
    return source
  }

  /** The first `rows` flights in the file's order, one page for each row group. */
  async *pages(rows: number): AsyncGenerator<FlightPage> {
    let firstRow = 0
    for (const group of this.#metadata.row_groups) {
      const groupRows = Number(group.num_rows)
      const count = Math.min(groupRows, rows - firstRow)
      if (count <= 0) return
      yield await this.#page(firstRow, groupRows, count)
      firstRow += groupRows
    }
  }

  async #page(firstRow: number, groupRows: number, count: number): Promise<FlightPage> {
    const columns = new Map<string, ArrayLike<unknown>>()
    await parquetRead({
      file: this.#buffer,
      metadata: this.#metadata,
      compressors,
      rowStart: firstRow,
      rowEnd: firstRow + groupRows,
      parsers: { timestampFromMicroseconds: isoTimes() },
      onChunk: ({ columnName, columnData }) => {
        const before = columns.get(columnName)
        columns.set(columnName, before === undefined ? columnData : [...Array.from(before), ...columnData])
      },
    })
    const column = (name: string): ArrayLike<unknown> => {
      const values = columns.get(name) ?? []
      if (values.length < count)
        throw new Error(`${this.file}: column "${name}" ends before row ${firstRow + count}`)
      return values
    }
    const [dates, delays, distances] = [column('date'), column('delay'), column('distance')]
    const [origins, destinations] = [column('origin'), column('destination')]
    return {
      count,
      origins: origins as ArrayLike<string>,
      json: (index) =>
        JSON.stringify({
          date: dates[index],
          delay: whole(delays[index]),
          distance: whole(distances[index]),
          origin: origins[index],
          destination: destinations[index],
        }),
    }
  }
}

/** Parquet's 64-bit integers arrive as bigint; minutes and miles fit a number. Absent values stay null. */
function whole(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

/** Formats microseconds as ISO text. Flights are sorted by minute, so that most values repeat the one before. */
function isoTimes(): (micros: bigint) => string {
  let lastMicros = -1n
  let lastText = ''
  return (micros) => {
    if (micros !== lastMicros) {
      lastMicros = micros
      lastText = new Date(Number(micros / 1000n)).toISOString()
    }
    return lastText
  }
}
