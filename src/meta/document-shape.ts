/** Shapes of documents as they are stored, checked as in shape.ts: what they mean is for others to say. */
import { countIn, type Fields, fieldsOf, Malformed, textIn } from './fields.ts'
import { documentMax, type DocumentState } from './state.ts'

/** No control characters, and not so long that a message could not show it. */
const documentId = /^[^\p{Cc}]{1,256}$/u

/** A document as a snapshot holds it. */
export function documentStateOf(value: unknown): DocumentState {
  const fields = fieldsOf(value)
  checkDocumentId(fields)
  checkDocumentValue(fields)
  return value as DocumentState
}

/** What tells which document, and what of it a command builds on. */
export function checkDocumentId(fields: Fields): void {
  textIn(fields, 'id', documentId)
  countIn(fields, 'revision')
}

/** Plain data within `documentMax`. */
export function checkDocumentValue({ value }: Fields): void {
  if (value === undefined) throw new Malformed(['value'], 'plain data')
  new Measure().add(value, 0)
}

/** What a document holds, counted as it is walked through. */
class Measure {
  #values = 0
  #characters = 0

  add(value: unknown, depth: number): void {
    this.#values += 1
    if (this.#values > documentMax.values) throw tooMuch(`at most ${documentMax.values} values`)
    if (typeof value === 'string') this.#count(value.length)
    else if (typeof value === 'object' && value !== null) this.#addAll(value, depth + 1)
    else if (!isPlain(value)) throw tooMuch('plain data')
  }

  #addAll(value: object, depth: number): void {
    if (depth > documentMax.depth)
      throw tooMuch(`at most ${documentMax.depth} lists and maps within each other`)
    if (Array.isArray(value)) {
      for (const item of value) this.add(item, depth)
      return
    }
    if (Object.getPrototypeOf(value) !== Object.prototype) throw tooMuch('plain data')
    for (const [name, field] of Object.entries(value)) {
      this.#count(name.length)
      this.add(field, depth)
    }
  }

  #count(characters: number): void {
    this.#characters += characters
    if (this.#characters > documentMax.characters)
      throw tooMuch(`at most ${documentMax.characters} characters`)
  }
}

function isPlain(value: unknown): boolean {
  return value === null || typeof value === 'boolean' || Number.isFinite(value)
}

function tooMuch(rule: string): Malformed {
  return new Malformed(['value'], rule)
}
