import { invalidArgumentFault } from '../../wire/fault.ts'

/** One `!{namespace:value}` of a prefix. */
export interface PrefixExpression {
  readonly namespace: string
  readonly value: string
  /** Both, as they stand there. */
  readonly text: string
}

const namespaces: ReadonlySet<string> = new Set([
  'timestamp',
  'firehose',
  'partitionKeyFromQuery',
  'partitionKeyFromLambda',
])

/** Longest prefix, once it is evaluated; characters. Every expression is one at least. */
const evaluatedMax = 512

/**
 * The expressions of a prefix, in order.
 *
 * @param member `Prefix` or `ErrorOutputPrefix`, for messages
 */
export function expressionsOf(member: string, prefix: string): readonly PrefixExpression[] {
  const found: PrefixExpression[] = []
  let literal = 0
  for (let at = 0; at < prefix.length;) {
    const begin = prefix.indexOf('!{', at)
    literal += (begin < 0 ? prefix.length : begin) - at
    if (begin < 0) break
    const end = prefix.indexOf('}', begin)
    const text = end < 0 ? '' : prefix.slice(begin + 2, end)
    const colon = text.indexOf(':')
    if (colon <= 0 || colon === text.length - 1 || text.includes('!{')) {
      throw invalidArgumentFault(
        `Invalid expression usage in ${member}: '!{' may only begin an expression !{namespace:value}`,
      )
    }
    const namespace = text.slice(0, colon)
    if (!namespaces.has(namespace)) {
      throw invalidArgumentFault(`Namespace to the left of colon (${namespace}) is an invalid keyword!`)
    }
    found.push({ namespace, value: text.slice(colon + 1), text })
    at = end + 1
  }
  if (literal + found.length > evaluatedMax) {
    const what = member === 'Prefix' ? 'prefix' : member
    throw invalidArgumentFault(`Length of evaluated ${what} cannot be greater than ${evaluatedMax}`)
  }
  return found
}
