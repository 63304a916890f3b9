import { invalidArgument } from '../../errors.ts'
import type { PartitionKeys } from '../delivery-record.ts'
import { DatePattern, PatternFault } from './date-pattern.ts'
import { PrefixFault, type PrefixPiece, prefixPieces } from './prefix-piece.ts'
import type { TimeZone, ZonedTime } from './zoned-time.ts'

/** Names a value that processing finds in a record. */
export interface PartitionExpression {
  readonly kind: 'partition'
  readonly from: keyof PartitionKeys
  readonly key: string
}

/** A part of a prefix. */
export type PrefixPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'timestamp'; readonly pattern: DatePattern }
  | { readonly kind: 'random' }
  | { readonly kind: 'error-output-type' }
  | PartitionExpression

/** What a prefix is evaluated with. */
export interface PrefixValues {
  readonly time: ZonedTime
  /** A new one for each use. */
  randomText(characters: number): string
  /** What `!{firehose:error-output-type}` becomes. */
  readonly errorOutputType: string
  valueOf(expression: PartitionExpression): string
}

/** Characters of `!{firehose:random-string}` (Firehose developer guide, "Custom prefixes"). */
const randomCharacters = 11

/** A prefix of objects, taken apart into its expressions `!{namespace:value}`. */
export class Prefix {
  readonly parts: readonly PrefixPart[]
  /** No part is an expression. */
  readonly isPlain: boolean

  /** @throws `ERR_MILLRACE_INVALID_ARGUMENT` that names `field` and what is wrong in it */
  constructor(field: string, text: unknown, zone: TimeZone) {
    if (typeof text !== 'string') throw invalidArgument(field, text, 'text')
    try {
      this.parts = Array.from(prefixPieces(text), (piece) => partOf(piece, zone))
    } catch (error) {
      throw error instanceof PrefixFault
        ? invalidArgument(field, text, `text in which ${error.message}`)
        : error
    }
    this.isPlain = this.parts.every((part) => part.kind === 'text')
  }

  /** Expressions for partitions, each once, in the order of their first use. */
  partitionExpressions(): PartitionExpression[] {
    const found = new Map<string, PartitionExpression>()
    for (const part of this.parts) {
      if (part.kind === 'partition')
        found.set(`${part.from}:${part.key}`, found.get(`${part.from}:${part.key}`) ?? part)
    }
    return [...found.values()]
  }

  evaluate(values: PrefixValues): string {
    let text = ''
    for (const part of this.parts) text += evaluated(part, values)
    return text
  }

  /** Characters at most, without those of partitions. */
  longest(errorOutputType: string): number {
    return this.parts.reduce((sum, part) => sum + longestOf(part, errorOutputType), 0)
  }

  /** How many bytes its texts have more than characters. */
  bytesBeyondCharacters(): number {
    const texts = this.parts.map((part) => (part.kind === 'text' ? part.text : ''))
    return texts.reduce((sum, text) => sum + Buffer.byteLength(text) - text.length, 0)
  }
}

function evaluated(part: PrefixPart, values: PrefixValues): string {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'timestamp':
      return part.pattern.print(values.time)
    case 'random':
      return values.randomText(randomCharacters)
    case 'error-output-type':
      return values.errorOutputType
    case 'partition':
      return values.valueOf(part)
    default:
      return part satisfies never
  }
}

function longestOf(part: PrefixPart, errorOutputType: string): number {
  switch (part.kind) {
    case 'text':
      return part.text.length
    case 'timestamp':
      return part.pattern.longest
    case 'random':
      return randomCharacters
    case 'error-output-type':
      return errorOutputType.length
    case 'partition':
      return 0
    default:
      return part satisfies never
  }
}

function partOf(piece: PrefixPiece, zone: TimeZone): PrefixPart {
  if (piece.kind === 'text') return piece
  const { namespace, value, text } = piece
  switch (namespace) {
    case 'timestamp':
      return timestamp(value, text, zone)
    case 'firehose':
      if (value === 'random-string') return { kind: 'random' }
      if (value === 'error-output-type') return { kind: 'error-output-type' }
      throw new PrefixFault(`the values of firehose are random-string and error-output-type, unlike ${text}`)
    case 'partitionKeyFromQuery':
      return { kind: 'partition', from: 'query', key: value }
    case 'partitionKeyFromLambda':
      return { kind: 'partition', from: 'lambda', key: value }
    default:
      return namespace satisfies never
  }
}

function timestamp(pattern: string, text: string, zone: TimeZone): PrefixPart {
  try {
    return { kind: 'timestamp', pattern: new DatePattern(pattern, zone) }
  } catch (error) {
    if (error instanceof PatternFault)
      throw new PrefixFault(`timestamps are patterns of Java, but ${text} ${error.message}`)
    throw error
  }
}
