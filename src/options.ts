/**
 * Checks of what callers hand in, as every option object and argument goes through them: each names the field,
 * shows the value and states the rule.
 */
import { invalidArgument, MillraceError } from './errors.ts'

/**
 * Refuses what is not an object, and keys that nobody knows.
 *
 * @param where what the object is called in a message, such as `createStream options`
 */
export function requireOptions(where: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidArgument(where, options, 'an object')
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    throw new MillraceError(
      'ERR_MILLRACE_UNKNOWN_OPTION',
      `${where}: ${JSON.stringify(key)} is not known; known are ${known.join(', ')}`,
      { details: { option: key, known } },
    )
  }
}

/** An integer from `min` to `max`, both inclusive. */
export function requireInteger(field: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw invalidArgument(field, value, `an integer from ${min} to ${max}`)
}

/** One of a few words. */
export function requireOneOf<const Choice extends string>(
  field: string,
  value: unknown,
  choices: readonly Choice[],
): Choice {
  const choice = choices.find((candidate) => candidate === value)
  if (choice !== undefined) return choice
  throw invalidArgument(field, value, choices.map((word) => `'${word}'`).join(' or '))
}

/** A string that matches `pattern` as a whole; `rule` says the same in words. */
export function requireMatch(field: string, value: unknown, pattern: RegExp, rule: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw invalidArgument(field, value, rule)
}

/** `true` or `false`. */
export function requireBoolean(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw invalidArgument(field, value, 'true or false')
}

/** A function, if there is one. */
export function requireCallback(field: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw invalidArgument(field, value, 'a function')
}

/** An object with all of these methods. */
export function requireMethods(field: string, value: unknown, methods: readonly string[]): void {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  if (methods.every((method) => typeof found[method] === 'function')) return
  throw invalidArgument(field, value, `an object with the methods ${methods.join(', ')}`)
}
