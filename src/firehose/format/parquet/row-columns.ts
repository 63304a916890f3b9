import { isUtf8 } from 'node:buffer'
import type { ConversionConfiguration } from '../../configuration.ts'
import { cellReaderOf, type Cell, type CellReader } from './cell-reader.ts'
import { ExactNumber } from './exact-number.ts'
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
  readonly #readers: readonly CellReader[]
  /** The row that is being read: values of JSON, by column. */
  readonly #row: unknown[]
  #count = 0

  constructor({ schema, input }: Pick<ConversionConfiguration, 'schema' | 'input'>) {
    this.cells = schema.map(() => [])
    this.#match = new KeyMatch(schema, keyRuleOf(input), input.keyOfColumn)
    this.#readers = schema.map(({ type }) => cellReaderOf(type, input))
    this.#row = schema.map(() => null)
  }

  /** How many there are. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds the rows of a record that lies in some bytes: as many as it has objects of JSON, all or none. Keys that are no columns are left out, columns
   * that have no key are null.
   *
   * @throws Misfit
   */
  add(bytes: Buffer, begin: number, end: number): void {
    const before = this.#count
    try {
      this.#addRows(jsonValues(textOf(bytes, begin, end)))
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
      this.cells[index]?.push(cell === null ? null : (this.#readers[index]?.(cell) ?? null))
    }
    this.#count += 1
  }
}

function textOf(bytes: Buffer, begin: number, end: number): string {
  const text = bytes.toString('utf8', begin, end)
  if (text.includes(replacement) && !isUtf8(bytes.subarray(begin, end)))
    throw malformedJson('It is not UTF-8')
  return text
}
