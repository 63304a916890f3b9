import { isUtf8 } from 'node:buffer'
import type { ConversionConfiguration } from '../../configuration.ts'
import type { Cell } from './cell-reader.ts'
import { columnReadersOf, type ColumnReader } from './column-reader.ts'
import { ExactNumber } from './exact-number.ts'
import { FlatRecords } from './flat-record.ts'
import { jsonValues } from './json-values.ts'
import { keyRuleOf, KeyMatch } from './key-match.ts'
import { malformedData, malformedJson } from './misfit.ts'

/** What stands for bytes that are no UTF-8; it may also stand for itself. */
const replacement = '\ufffd'

/** What a record may become, rows times columns: it is a megabyte of text, but of many an empty object. */
const recordCellsMax = 4_000_000

/** Rows that come from records of JSON, by columns. */
export class RowColumns {
  /** A column of the schema each, in its order, all of the same length. */
  readonly cells: readonly Cell[][]
  readonly #match: KeyMatch
  readonly #readers: readonly ColumnReader[]
  readonly #bytes: Buffer
  readonly #flat: FlatRecords
  /** The row that is being read: values of JSON, by column. */
  readonly #row: unknown[]
  /** Its cells. */
  readonly #rowCells: Cell[]
  #count = 0

  /** @param bytes where the records lie, and the texts of the cells afterwards: they must stay what they are */
  constructor(configuration: Pick<ConversionConfiguration, 'schema' | 'input'>, bytes: Buffer) {
    const { schema, input } = configuration
    this.cells = schema.map(() => [])
    this.#match = new KeyMatch(schema, keyRuleOf(input), input.keyOfColumn)
    this.#readers = columnReadersOf(configuration)
    this.#bytes = bytes
    this.#flat = new FlatRecords(bytes, this.#match, this.#readers)
    this.#row = schema.map(() => null)
    this.#rowCells = schema.map(() => null)
  }

  /** How many there are. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds the rows of a record: as many as it has objects of JSON, all or none. Keys that are no columns are left out, columns
   * that have no key are null.
   *
   * @throws Misfit
   */
  add(begin: number, end: number): void {
    if (this.#flat.read(begin, end, this.#rowCells)) {
      this.#push()
      return
    }
    const before = this.#count
    try {
      this.#addRows(jsonValues(textOf(this.#bytes, begin, end)))
    } catch (error) {
      this.#count = before
      for (const column of this.cells) column.length = before
      throw error
    }
  }

  #addRows(values: readonly unknown[]): void {
    if (values.length * this.cells.length > recordCellsMax)
      throw malformedData(`It has ${values.length} rows`)
    for (const value of values) this.#addRow(value)
  }

  #addRow(value: unknown): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof ExactNumber) {
      throw malformedJson("A JSONObject text must begin with '{' at 1")
    }
    const row = this.#row.fill(null)
    const object = value as Readonly<Record<string, unknown>>
    for (const key in object) {
      const index = this.#match.indexOf(key)
      if (index >= 0) row[index] = object[key]
    }
    for (let index = 0; index < row.length; index += 1) {
      const cell = row[index]
      this.#rowCells[index] = cell === null ? null : (this.#readers[index]?.read(cell) ?? null)
    }
    this.#push()
  }

  #push(): void {
    const row = this.#rowCells
    for (let index = 0; index < row.length; index += 1) this.cells[index]?.push(row[index] as Cell)
    this.#count += 1
  }
}

function textOf(bytes: Buffer, begin: number, end: number): string {
  const text = bytes.toString('utf8', begin, end)
  if (text.includes(replacement) && !isUtf8(bytes.subarray(begin, end)))
    throw malformedJson('It is not UTF-8')
  return text
}
