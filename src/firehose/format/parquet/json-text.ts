import { ExactNumber } from './exact-number.ts'
import type { KeyRule } from './key-match.ts'
import { malformedData } from './misfit.ts'

/** Deeper ones are refused: text is made recursively. */
const depthMax = 1000

/** JSON without blanks of a value that `jsonValues` answered, with the keys that the rule makes of its own. */
export function compactJson(value: unknown, key: KeyRule, depth = 1): string {
  if (depth > depthMax) throw malformedData(`It is nested more than ${depthMax} levels deep`)
  if (value instanceof ExactNumber) return value.text
  if (Array.isArray(value)) return `[${value.map((each) => compactJson(each, key, depth + 1)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([name, each]) => `${JSON.stringify(key(name))}:${compactJson(each, key, depth + 1)}`,
  )
  return `{${members.join(',')}}`
}
