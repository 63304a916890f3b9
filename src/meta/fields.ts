/**
 * Fields of what is stored in the metadata log, checked one by one: each function answers the field with its type or
 * throws `Malformed`. Nothing is copied, and paths are made only when something is wrong.
 */

/** A field has not the shape that it should have. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
  /** From the outside in. */
  readonly path: readonly string[]
  readonly rule: string

  constructor(path: readonly string[], rule: string) {
    super(`${path.join('.')} must be ${rule}`)
    this.path = path
    this.rule = rule
  }
}

/** A command or record of a kind that this version does not know. */
export class UnknownKind extends Error {
  override readonly name = 'UnknownKind'
  readonly kind: string

  constructor(kind: string) {
    super(`unknown kind ${JSON.stringify(kind)}`)
    this.kind = kind
  }
}

/** A map with text keys. */
export type Fields = Readonly<Record<string, unknown>>

const anyText = /^/

/** The value as a map. */
export function fieldsOf(value: unknown): Fields {
  const plain =
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  if (!plain) throw new Malformed([], 'a map')
  return value as Fields
}

/** The field as text. */
export function textIn(fields: Fields, name: string, pattern: RegExp = anyText): string {
  const value = fields[name]
  if (typeof value !== 'string' || !pattern.test(value))
    throw new Malformed([name], `text like ${pattern.source}`)
  return value
}

/** The field as an integer from 0 to 2^53 - 1. */
export function countIn(fields: Fields, name: string): number {
  const value = fields[name]
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed([name], 'a whole number')
  return value as number
}

/** An item of a list as text. */
export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Malformed([], 'text')
  return value
}

/** An item of a list as an integer from 0 to 2^53 - 1. */
export function countOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed([], 'a whole number')
  return value as number
}

/** The field as the word that something is so. */
export function trueIn(fields: Fields, name: string): true {
  if (fields[name] !== true) throw new Malformed([name], 'true')
  return true
}

/** The field, if it is there, checked by `check`. */
export function optionalIn(
  fields: Fields,
  name: string,
  check: (fields: Fields, name: string) => unknown,
): void {
  if (fields[name] !== undefined) check(fields, name)
}

/** The field as bytes. */
export function bytesIn(fields: Fields, name: string): Uint8Array {
  const value = fields[name]
  if (!(value instanceof Uint8Array)) throw new Malformed([name], 'bytes')
  return value
}

/** The field, checked by `check`. */
export function valueIn<T>(fields: Fields, name: string, check: (value: unknown) => T): T {
  try {
    return check(fields[name])
  } catch (error) {
    throw outside(name, error)
  }
}

/** The field as a list of items, each checked by `check`. */
export function listIn<T>(fields: Fields, name: string, check: (item: unknown) => T): readonly T[] {
  const items = fields[name]
  if (!Array.isArray(items)) throw new Malformed([name], 'a list')
  for (let index = 0; index < items.length; index++) {
    try {
      check(items[index])
    } catch (error) {
      throw outside(`${name}.${index}`, error)
    }
  }
  return items
}

/** The error with the name of what lies around the field. */
function outside(name: string, error: unknown): unknown {
  return error instanceof Malformed ? new Malformed([name, ...error.path], error.rule) : error
}
