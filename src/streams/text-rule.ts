import { invalidArgument } from '../errors.ts'

/**
 * A string of `min` to `max` Unicode characters.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function requireStringOf(field: string, value: unknown, min: number, max: number): string {
  const rule = `a string of ${min} to ${max} characters`
  if (typeof value !== 'string' || value.length > 2 * max) throw invalidArgument(field, value, rule)
  const characters = [...value].length
  if (characters < min || characters > max) throw invalidArgument(field, value, rule)
  return value
}
