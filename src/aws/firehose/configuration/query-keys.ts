/**
 * The keys of the object that a program of jq makes, if it is one that is written down: `{customer: .id, "day": .at[:10]}`.
 * `undefined` if it has to be run to know.
 */
export function queryKeysOf(program: string): readonly string[] | undefined {
  const text = program.trim()
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  const keys: string[] = []
  let at = 1
  while (at < text.length - 1) {
    const [whole, plain, quoted] = /^\s*(?:([A-Za-z_]\w*)|"([^"\\]*)")\s*/.exec(text.slice(at)) ?? []
    const key = plain ?? quoted
    if (whole === undefined || key === undefined) return undefined
    at += whole.length
    keys.push(key)
    if (text[at] === ':') {
      const end = valueEnd(text, at + 1)
      if (end === undefined) return undefined
      at = end
    }
    if (text[at] === ',') at += 1
    else if (at !== text.length - 1) return undefined
  }
  return keys
}

/** Where the value of a member ends: at its comma, or at the brace that closes the object. */
function valueEnd(text: string, from: number): number | undefined {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    const mark = text[at]
    if (mark === '"') {
      const end = textEnd(text, at)
      if (end === undefined) return undefined
      at = end
    } else if (mark === '#') return undefined
    else if (mark === '(' || mark === '[' || mark === '{') depth += 1
    else if (mark === ',' && depth === 0) return at
    else if (mark === ')' || mark === ']' || mark === '}') {
      if (depth === 0) return at === text.length - 1 ? at : undefined
      depth -= 1
    }
  }
  return undefined
}

/** The quote that ends a text; `undefined` for one that something is interpolated into. */
function textEnd(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '"') return at
    if (text[at] !== '\\') continue
    if (text[at + 1] === '(') return undefined
    at += 1
  }
  return undefined
}
