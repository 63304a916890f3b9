import { invalidArgument } from '../../errors.ts'
import type { PartitionKeys } from '../delivery-record.ts'
import { DatePattern, PatternFault } from './date-pattern.ts'
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

const expressionStart = '!{'

/** A prefix of objects, taken apart into its expressions `!{namespace:value}`. */
export class Prefix {
  readonly parts: readonly PrefixPart[]
  /** No part is an expression. */
  readonly isPlain: boolean

  /**
   * An expression ends at the first `}` behind it, be that in quotes or not.
   *
   * @throws `ERR_MILLRACE_INVALID_ARGUMENT` that names `field` and what is wrong in it
   */
  constructor(field: string, text: unknown, zone: TimeZone) {
    if (typeof text !== 'string') throw invalidArgument(field, text, 'text')
    this.parts = [...partsOf(text, zone, (why) => invalidArgument(field, text, `text in which ${why}`))]
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

type Refusal = (why: string) => Error

function* partsOf(text: string, zone: TimeZone, refusal: Refusal): Generator<PrefixPart> {
  let at = 0
  while (at < text.length) {
    const start = text.indexOf(expressionStart, at)
    if (start !== at) yield { kind: 'text', text: text.slice(at, start < 0 ? text.length : start) }
    if (start < 0) return
    const end = text.indexOf('}', start)
    if (end < 0) throw refusal('!{ begins an expression, and } ends it')
    yield expression(text.slice(start, end + 1), zone, refusal)
    at = end + 1
  }
}

/** @param whole with what encloses it */
function expression(whole: string, zone: TimeZone, refusal: Refusal): PrefixPart {
  const inside = whole.slice(expressionStart.length, -1)
  const colon = inside.indexOf(':')
  const value = inside.slice(colon + 1)
  if (colon < 0 || value === '') throw refusal(`expressions are !{namespace:value}, which ${whole} is not`)
  if (value.includes(expressionStart))
    throw refusal(`!{ stands for nothing but an expression, as in ${whole}`)
  switch (inside.slice(0, colon)) {
    case 'timestamp':
      return timestamp(value, whole, zone, refusal)
    case 'firehose':
      if (value === 'random-string') return { kind: 'random' }
      if (value === 'error-output-type') return { kind: 'error-output-type' }
      throw refusal(`the values of firehose are random-string and error-output-type, unlike ${whole}`)
    case 'partitionKeyFromQuery':
      return { kind: 'partition', from: 'query', key: value }
    case 'partitionKeyFromLambda':
      return { kind: 'partition', from: 'lambda', key: value }
    default:
      throw refusal(
        `namespaces are timestamp, firehose, partitionKeyFromQuery and partitionKeyFromLambda, unlike ${whole}`,
      )
  }
}

function timestamp(pattern: string, whole: string, zone: TimeZone, refusal: Refusal): PrefixPart {
  try {
    return { kind: 'timestamp', pattern: new DatePattern(pattern, zone) }
  } catch (error) {
    if (error instanceof PatternFault)
      throw refusal(`timestamps are patterns of Java, but ${whole} ${error.message}`)
    throw error
  }
}
