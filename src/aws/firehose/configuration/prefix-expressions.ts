import {
  PrefixFault,
  type PrefixNamespace,
  type PrefixPiece,
  prefixPieces,
} from '../../../firehose/naming/prefix-piece.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'

/** One `!{namespace:value}` of a prefix. */
export interface PrefixExpression {
  readonly namespace: PrefixNamespace
  readonly value: string
}

/** Longest prefix, once it is evaluated; characters. Every expression is one at least. */
const evaluatedMax = 512

/**
 * The expressions of a prefix, in order; what is none is refused in the service's words.
 *
 * @param member `Prefix` or `ErrorOutputPrefix`, for messages
 */
export function expressionsOf(member: string, prefix: string): readonly PrefixExpression[] {
  const pieces = piecesOf(member, prefix)
  const expressions = pieces.filter((piece) => piece.kind === 'expression')
  const literal = pieces.reduce((sum, { kind, text }) => sum + (kind === 'text' ? text.length : 0), 0)
  if (literal + expressions.length <= evaluatedMax) return expressions
  const what = member === 'Prefix' ? 'prefix' : member
  throw invalidArgumentFault(`Length of evaluated ${what} cannot be greater than ${evaluatedMax}`)
}

function piecesOf(member: string, prefix: string): readonly PrefixPiece[] {
  try {
    return [...prefixPieces(prefix)]
  } catch (error) {
    if (!(error instanceof PrefixFault)) throw error
    throw invalidArgumentFault(
      error.unknownNamespace === undefined
        ? `Invalid expression usage in ${member}: '!{' may only begin an expression !{namespace:value}`
        : `Namespace to the left of colon (${error.unknownNamespace}) is an invalid keyword!`,
    )
  }
}
