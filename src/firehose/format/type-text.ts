import { invalidArgument, MillraceError } from '../../errors.ts'
import type { Column, ColumnType, PrimitiveType } from '../configuration.ts'

/** By their names in Hive; what stands for the same is one. */
const primitives: Readonly<Record<string, PrimitiveType>> = {
  boolean: 'boolean',
  tinyint: 'tinyint',
  smallint: 'smallint',
  int: 'int',
  integer: 'int',
  bigint: 'bigint',
  float: 'float',
  double: 'double',
  string: 'string',
  binary: 'binary',
  date: 'date',
  timestamp: 'timestamp',
}

/** Types that Hive has and conversion does not. */
const unsupported: ReadonlySet<string> = new Set([
  'interval',
  'interval_day_time',
  'interval_year_month',
  'timestamptz',
  'uniontype',
  'void',
])

const precisionMax = 38
const varcharMax = 65_535
const charMax = 255
const depthMax = 32
/** AWS Glue takes no longer ones. */
const textMax = 131_072

/**
 * Reads a type as tables of AWS Glue have them, which is Hive's way, such as `array<struct<a:int,b:decimal(10,2)>>`. Case and
 * blanks do not matter, except in names of members. `varchar(n)` and `char(n)` are strings: their lengths are not enforced.
 *
 * @param text at most 131,072 characters and 32 levels
 * @throws MillraceError `ERR_MILLRACE_INVALID_ARGUMENT` for what is no type, `ERR_MILLRACE_UNSUPPORTED` for `uniontype` and
 * others that conversion does not know; both name the place
 */
export function parseColumnType(text: string): ColumnType {
  if (typeof text !== 'string' || text.length > textMax) {
    throw invalidArgument('column type', text, `a string of at most ${textMax} characters`)
  }
  return new TypeReader(text).whole()
}

class TypeReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): ColumnType {
    const type = this.#type(1)
    if (this.#at < this.#text.length) throw this.#expected('nothing more')
    return type
  }

  #type(depth: number): ColumnType {
    if (depth > depthMax) throw this.#expected(`at most ${depthMax} levels`)
    const name = this.#take(/\s*([a-z_]\w*)\s*/iy, 'the name of a type').toLowerCase()
    switch (name) {
      case 'array': {
        this.#symbol('<')
        const of = this.#type(depth + 1)
        this.#symbol('>')
        return { kind: 'array', of }
      }
      case 'map':
        return this.#map(depth)
      case 'struct':
        return { kind: 'struct', fields: this.#fields(depth) }
      case 'decimal':
      case 'numeric':
        return this.#decimal()
      case 'varchar':
      case 'char':
        this.#symbol('(')
        this.#integer(1, name === 'char' ? charMax : varcharMax)
        this.#symbol(')')
        return { kind: 'primitive', name: 'string' }
      default:
        return this.#primitive(name)
    }
  }

  #primitive(name: string): ColumnType {
    const primitive = Object.hasOwn(primitives, name) ? primitives[name] : undefined
    if (primitive === undefined && unsupported.has(name)) {
      throw new MillraceError('ERR_MILLRACE_UNSUPPORTED', `columns of type ${name} cannot be converted`, {
        details: { type: this.#text, at: this.#at },
      })
    }
    if (primitive === undefined) throw this.#expected(`a type of Hive before it, not ${JSON.stringify(name)}`)
    return { kind: 'primitive', name: primitive }
  }

  #map(depth: number): ColumnType {
    this.#symbol('<')
    const key = this.#type(depth + 1)
    if (key.kind !== 'primitive' && key.kind !== 'decimal')
      throw this.#expected('a primitive type as key before it')
    this.#symbol(',')
    const value = this.#type(depth + 1)
    this.#symbol('>')
    return { kind: 'map', key, value }
  }

  #fields(depth: number): readonly Column[] {
    this.#symbol('<')
    const fields: Column[] = []
    const names = new Set<string>()
    do {
      const name = this.#take(
        /\s*([^\s:<>,()](?:[^:<>,()]*[^\s:<>,()])?)\s*/y,
        'the name of a member',
      ).replace(/^`(.*)`$/, '$1')
      if (names.has(name.toLowerCase())) throw this.#expected(`another name before it: there is a ${name}`)
      names.add(name.toLowerCase())
      this.#symbol(':')
      fields.push({ name, type: this.#type(depth + 1) })
    } while (this.#has(','))
    this.#symbol('>')
    return fields
  }

  /** Of ten digits before the point and none behind it if nothing else is said, as in Hive. */
  #decimal(): ColumnType {
    if (!this.#has('(')) return { kind: 'decimal', precision: 10, scale: 0 }
    const precision = this.#integer(1, precisionMax)
    const scale = this.#has(',') ? this.#integer(0, precision) : 0
    this.#symbol(')')
    return { kind: 'decimal', precision, scale }
  }

  #integer(min: number, max: number): number {
    const value = Number(this.#take(/\s*(\d{1,9})\s*/y, 'an integer'))
    if (value >= min && value <= max) return value
    throw this.#expected(`an integer from ${min} to ${max} before it`)
  }

  #symbol(symbol: string): void {
    if (!this.#has(symbol)) throw this.#expected(`'${symbol}'`)
  }

  /** Whether a symbol is next; goes past it then. */
  #has(symbol: string): boolean {
    if (this.#text[this.#at] !== symbol) return false
    this.#take(/.\s*()/y, symbol)
    return true
  }

  #take(pattern: RegExp, wanted: string): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) throw this.#expected(wanted)
    this.#at = pattern.lastIndex
    return found[1] ?? ''
  }

  #expected(wanted: string): MillraceError {
    return invalidArgument('column type', this.#text, `a type of Hive: at character ${this.#at} ${wanted}`)
  }
}
