import type { Line } from './lines.ts'

/** What a line holds: bytes as they are, or one JSON value. */
export type RecordFormat = 'lines' | 'ndjson'

/** How lines become records. */
export interface RecordRule {
  readonly format: RecordFormat
  /** One partition key for all. */
  readonly key: string | undefined
  /** Dotted path of the field with the partition key. */
  readonly keyField: string | undefined
}

/** A record to store, made of a line. */
export interface LineRecord {
  readonly partitionKey: string
  readonly data: Uint8Array
}

/** A line that cannot become a record; `message` says why. */
export class BadLine extends Error {
  override readonly name = 'BadLine'
}

/** Makes a record of a line, or nothing of a line that holds nothing. Throws `BadLine`. */
export type RecordMaker = (line: Line) => LineRecord | undefined

/** The longest line that can be a record, bytes: records are up to 10 MiB, key included. */
export const lineBytesMax: number = 10 * 1024 * 1024

const decoder = new TextDecoder('utf-8', { fatal: true })

/** The rule as a function. */
export function recordMaker({ format, key, keyField }: RecordRule): RecordMaker {
  const path = keyField?.split('.')
  return (line) => {
    if (line.kind === 'too long') throw new BadLine(`the line is longer than ${lineBytesMax} bytes`)
    const data = line.bytes
    if (format === 'lines') return { partitionKey: key ?? String(line.number), data }
    const text = textOf(data)
    if (text.trim() === '') return undefined
    const value = parsed(text)
    const partitionKey = key ?? (path === undefined ? String(line.number) : keyAt(value, path))
    return { partitionKey, data }
  }
}

function textOf(data: Uint8Array): string {
  try {
    return decoder.decode(data)
  } catch {
    throw new BadLine('the line is not UTF-8')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new BadLine(`the line is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The value at `path` as a partition key. Objects, null and what is not there are no keys. */
function keyAt(value: unknown, path: readonly string[]): string {
  let at = value
  for (const field of path) {
    at =
      typeof at === 'object' && at !== null && Object.hasOwn(at, field)
        ? (at as Record<string, unknown>)[field]
        : undefined
  }
  if (typeof at === 'string') return at
  if (typeof at === 'number' || typeof at === 'boolean') return String(at)
  throw new BadLine(
    `the field ${path.join('.')} is ${at === undefined ? 'missing' : 'no string, number or boolean'}`,
  )
}
