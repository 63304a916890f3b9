import type { MemberShape } from '../model/model.ts'

/** Longer values are shown cut in a message. Characters. */
const shownMax = 4096

/** What the model demands of a value that has the right type. */
export interface Checks {
  /** The constraints that the value breaks, as the service words them. */
  broken(value: unknown): readonly string[]
  /** The value in a message. */
  shown(value: unknown): string
  /** All constraints in one text, as the service shows them for entries of lists and maps. */
  readonly rule: string
}

interface Check {
  readonly constraint: string
  holds(value: unknown): boolean
}

const nothingBroken: readonly string[] = []

/** Makes the checks of one shape. */
export function checksOf(shape: MemberShape): Checks {
  const checks = [...wordChecks(shape), ...sizeChecks(shape)]
  return {
    rule: [...checks]
      .toReversed()
      .map(({ constraint }) => constraint)
      .join(', '),
    shown: (value) => shownValue(value),
    broken(value) {
      let broken: string[] | undefined
      for (const check of checks) {
        if (check.holds(value)) continue
        broken ??= []
        broken.push(check.constraint)
      }
      return broken ?? nothingBroken
    },
  }
}

function wordChecks(shape: MemberShape): Check[] {
  const checks: Check[] = []
  const { enum: words, pattern, max = Number.POSITIVE_INFINITY } = shape
  if (words !== undefined) {
    checks.push({
      constraint: `Member must satisfy enum value set: [${words.join(', ')}]`,
      holds: (value) => words.includes(value as string),
    })
  }
  if (pattern !== undefined) {
    // Java knows these classes anyway; here only patterns in Unicode do, which are stricter about what is escaped.
    const whole = new RegExp(`^(?:${pattern})$`, pattern.includes(String.raw`\p{`) ? 'u' : '')
    checks.push({
      constraint: `Member must satisfy regular expression pattern: ${pattern}`,
      // A text that is too long is refused for that alone: patterns with several `.*` take their time.
      holds: (value) => (value as string).length > 2 * max || whole.test(value as string),
    })
  }
  return checks
}

function sizeChecks(shape: MemberShape): Check[] {
  const { min, max } = shape
  const isNumber = shape.type === 'integer' || shape.type === 'long' || shape.type === 'double'
  const measured = isNumber ? 'have value' : 'have length'
  const size = isNumber ? (value: unknown) => value as number : lengthOf
  const checks: Check[] = []
  if (min !== undefined) {
    checks.push({
      constraint: `Member must ${measured} greater than or equal to ${min}`,
      holds: isNumber ? (value) => size(value) >= min : (value) => isLong(value, min),
    })
  }
  if (max !== undefined) {
    checks.push({
      constraint: `Member must ${measured} less than or equal to ${max}`,
      holds: isNumber ? (value) => size(value) <= max : (value) => isShort(value, max),
    })
  }
  return checks
}

/** Two units are a character at least, and one of them at most: most texts need no closer look. */
function isLong(value: unknown, min: number): boolean {
  return (value as { readonly length: number }).length >= 2 * min || lengthOf(value) >= min
}

function isShort(value: unknown, max: number): boolean {
  return (value as { readonly length: number }).length <= max || lengthOf(value) <= max
}

/** Characters of a string (a pair of surrogates is one), bytes of a blob, entries of a list. */
function lengthOf(value: unknown): number {
  if (typeof value !== 'string') return (value as { readonly length: number }).length
  let pairs = 0
  for (let index = 0; index < value.length; index++) {
    const high = (value.charCodeAt(index) & 0xfc00) === 0xd800
    if (high && (value.charCodeAt(index + 1) & 0xfc00) === 0xdc00) pairs += 1
  }
  return value.length - pairs
}

function shownValue(value: unknown): string {
  if (value instanceof Uint8Array) {
    return `'java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]'`
  }
  return `'${cut(String(value))}'`
}

/** A list in a message. */
export function shownList(values: readonly unknown[]): string {
  // No entry is shorter than the comma behind it.
  return `'${cut(`[${values.slice(0, shownMax).map(shownEntry).join(', ')}]`)}'`
}

/** A map in a message. */
export function shownMap(values: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(values).slice(0, shownMax)
  const entries = names.map((name) => `${name}=${shownEntry(values[name])}`)
  return `'${cut(`{${entries.join(', ')}}`)}'`
}

function shownEntry(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value) ? '[...]' : '{...}'
}

function cut(text: string): string {
  return text.length > shownMax ? `${text.slice(0, shownMax)}...` : text
}
