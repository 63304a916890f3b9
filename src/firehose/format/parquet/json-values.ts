import { ExactNumber } from './exact-number.ts'
import { malformedJson } from './misfit.ts'

/** Digits that a double may not keep. Text within strings may look like it, too: then the longer way is taken for nothing. */
const longNumber = /\d[\d.]{15}/

/** Deeper ones are refused where the longer way is taken: it is taken recursively. */
const depthMax = 1000

const blanks = /[ \t\n\r]*/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** What stands in a string for itself: all but controls, quotes and backslashes. */
const plain = /[ !#-[\]-\uffff]*/y

/**
 * The values in a text: one, or several one after the other with or without blanks between them. Like those of `JSON.parse`,
 * but that numbers which a double might not hold are an `ExactNumber`.
 *
 * @throws Misfit
 */
export function jsonValues(text: string): readonly unknown[] {
  if (!longNumber.test(text)) {
    try {
      return [JSON.parse(text)]
    } catch {
      // Several values, or none: the longer way tells.
    }
  }
  return new JsonReader(text).values()
}

/** What a number of JSON is in these values. */
export function numberOf(text: string): number | ExactNumber {
  return longNumber.test(text) ? new ExactNumber(text) : Number(text)
}

class JsonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  values(): readonly unknown[] {
    const values: unknown[] = []
    do {
      this.#skipBlanks()
      values.push(this.#value(1))
      this.#skipBlanks()
    } while (this.#at < this.#text.length)
    return values
  }

  #value(depth: number): unknown {
    if (depth > depthMax) throw malformedJson(`It is nested more than ${depthMax} levels deep`)
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object(depth)
      case '[':
        return this.#array(depth)
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = Object.create(null)
    this.#at += 1
    this.#skipBlanks()
    if (this.#has('}')) return object
    do {
      this.#skipBlanks()
      if (this.#text[this.#at] !== '"') throw this.#unexpected()
      const key = this.#string()
      this.#skipBlanks()
      if (!this.#has(':')) throw this.#unexpected()
      this.#skipBlanks()
      object[key] = this.#value(depth + 1)
      this.#skipBlanks()
    } while (this.#has(','))
    if (!this.#has('}')) throw this.#unexpected()
    return object
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = []
    this.#at += 1
    this.#skipBlanks()
    if (this.#has(']')) return array
    do {
      this.#skipBlanks()
      array.push(this.#value(depth + 1))
      this.#skipBlanks()
    } while (this.#has(','))
    if (!this.#has(']')) throw this.#unexpected()
    return array
  }

  #string(): string {
    const begin = this.#at
    this.#at += 1
    this.#skip(plain)
    if (this.#has('"')) return this.#text.slice(begin + 1, this.#at - 1)
    // A pattern of the whole would have to remember each escape.
    while (this.#has('\\')) {
      this.#at += 1
      this.#skip(plain)
    }
    if (this.#has('"')) {
      const text = unescaped(this.#text.slice(begin, this.#at))
      if (text !== undefined) return text
    }
    this.#at = begin
    throw this.#unexpected()
  }

  #number(): number | ExactNumber {
    const begin = this.#at
    if (!this.#skip(number)) throw this.#unexpected()
    return numberOf(this.#text.slice(begin, this.#at))
  }

  #word<Value>(word: string, value: Value): Value {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected()
    this.#at += word.length
    return value
  }

  #has(symbol: string): boolean {
    if (this.#text[this.#at] !== symbol) return false
    this.#at += 1
    return true
  }

  #skipBlanks(): void {
    this.#skip(blanks)
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at
    if (!pattern.test(this.#text)) return false
    this.#at = pattern.lastIndex
    return true
  }

  #unexpected(): Error {
    const found = this.#text[this.#at]
    if (found === undefined) return malformedJson('Unexpected end of the record')
    return malformedJson(`Unexpected ${JSON.stringify(found)} at character ${this.#at}`)
  }
}

/** The text of a string of JSON with its quotes. `undefined` if it has an escape that does not exist. */
export function unescaped(string: string): string | undefined {
  try {
    return JSON.parse(string) as string
  } catch {
    return undefined
  }
}
