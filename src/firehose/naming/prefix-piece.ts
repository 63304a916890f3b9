/** What the expressions of prefixes may name a value of (Firehose developer guide, "Custom prefixes"). */
const namespaces = ['timestamp', 'firehose', 'partitionKeyFromQuery', 'partitionKeyFromLambda'] as const

export type PrefixNamespace = (typeof namespaces)[number]

/** A prefix is a row of these: text, and expressions `!{namespace:value}`. */
export type PrefixPiece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'expression'
      /** With what encloses it. */
      readonly text: string
      readonly namespace: PrefixNamespace
      /** Never empty; what it means is its namespace's. */
      readonly value: string
    }

/** What is wrong in a prefix, as a sentence that follows `text in which`. */
export class PrefixFault extends Error {
  override readonly name = 'PrefixFault'
  /** Of an expression that is one but for this. */
  readonly unknownNamespace: string | undefined

  constructor(message: string, unknownNamespace?: string) {
    super(message)
    this.unknownNamespace = unknownNamespace
  }
}

const start = '!{'

/**
 * Takes a prefix apart. An expression ends at the first `}` behind it, be that in quotes or not; no text is empty.
 *
 * @throws PrefixFault
 */
export function* prefixPieces(prefix: string): Generator<PrefixPiece> {
  let at = 0
  while (at < prefix.length) {
    const begin = prefix.indexOf(start, at)
    if (begin !== at) yield { kind: 'text', text: prefix.slice(at, begin < 0 ? prefix.length : begin) }
    if (begin < 0) return
    const end = prefix.indexOf('}', begin)
    if (end < 0) throw new PrefixFault('!{ begins an expression, and } ends it')
    yield expression(prefix.slice(begin, end + 1))
    at = end + 1
  }
}

function expression(text: string): PrefixPiece {
  const inside = text.slice(start.length, -1)
  const colon = inside.indexOf(':')
  if (colon <= 0 || colon === inside.length - 1)
    throw new PrefixFault(`expressions are !{namespace:value}, which ${text} is not`)
  if (inside.includes(start)) throw new PrefixFault(`!{ stands for nothing but an expression, as in ${text}`)
  const given = inside.slice(0, colon)
  const namespace = namespaces.find((each) => each === given)
  if (namespace !== undefined) return { kind: 'expression', text, namespace, value: inside.slice(colon + 1) }
  throw new PrefixFault(`namespaces are ${namespaces.join(', ')}, unlike ${text}`, given)
}
