import { type DatePiece, dateLetter } from './date-letters.ts'
import type { TimeZone, ZonedTime } from './zoned-time.ts'

/** What is wrong with a pattern, as the end of a sentence whose subject is the pattern. */
export class PatternFault extends Error {
  override readonly name = 'PatternFault'
}

/** A pattern of Java's `DateTimeFormatter`, for printing. */
export class DatePattern {
  /** Characters at most, up to the year 9999. */
  readonly longest: number
  readonly #pieces: readonly DatePiece[]

  /** @throws PatternFault for what Java refuses, and for what cannot be printed here as Java would */
  constructor(pattern: string, zone: TimeZone) {
    this.#pieces = [...piecesOf(pattern, zone)]
    this.longest = this.#pieces.reduce((sum, piece) => sum + piece.longest, 0)
  }

  print(time: ZonedTime): string {
    let text = ''
    for (const piece of this.#pieces) text += piece.print(time)
    return text
  }
}

/** Letters in a row, a literal in quotes, or one other character. */
const tokens = /([A-Za-z])\1*|'(?:[^']|'')*'|[^]/gu

function* piecesOf(pattern: string, zone: TimeZone): Generator<DatePiece> {
  let depth = 0
  let padding: number | undefined
  for (const [token, letter] of pattern.matchAll(tokens)) {
    if (padding !== undefined && (letter === undefined || letter === 'p')) throw noPad()
    if (letter === 'p') {
      padding = token.length
    } else if (letter !== undefined) {
      const piece = letterPiece(letter, token.length, zone)
      yield padding === undefined ? piece : padded(piece, padding, token)
      padding = undefined
    } else if (token === '[') {
      depth++ // What is optional is always there: a moment in a zone has every field.
    } else if (token === ']') {
      if (--depth < 0) throw new PatternFault('closes a bracket that it never opened')
    } else {
      yield literal(token)
    }
  }
  if (padding !== undefined) throw noPad()
}

function letterPiece(letter: string, count: number, zone: TimeZone): DatePiece {
  const known = dateLetter(letter)
  if (known === undefined) {
    throw new PatternFault(
      letter === 'B' || letter === 'v'
        ? `has the letter ${letter}, whose texts are not supported here`
        : `has the letter ${letter}, which means nothing to Java; text is put in quotes`,
    )
  }
  const piece = count <= known.most ? known.piece(count, zone) : undefined
  if (piece !== undefined) return piece
  throw new PatternFault(
    letter === 'z' && count <= known.most
      ? 'has the letter z: names of zones are not supported here but for UTC; VV, xxx and O are'
      : `has the letter ${letter} ${count} times in a row, which means nothing to Java`,
  )
}

function noPad(): PatternFault {
  return new PatternFault('has the letter p before what is no other letter')
}

/** Java refuses at printing what is too long for its padding, which would be too late. */
function padded(piece: DatePiece, width: number, letters: string): DatePiece {
  if (piece.longest > width) {
    throw new PatternFault(`pads ${letters} to ${width}, but it may have ${piece.longest} characters`)
  }
  return { print: (time) => piece.print(time).padStart(width, ' '), longest: width }
}

function literal(token: string): DatePiece {
  if (token === "'") throw new PatternFault('has a quote that is never closed')
  if (token === '{' || token === '}' || token === '#')
    throw new PatternFault(`has ${token}, which Java reserves`)
  const text = token.startsWith("'") ? token.slice(1, -1).replaceAll("''", "'") || "'" : token
  return { print: () => text, longest: text.length }
}
