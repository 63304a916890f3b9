import { invalidArgument } from '../errors.ts'
import { KiB } from '../units.ts'

/** Characters; AWS's own bound is not published, so this is ours. */
const policyCharactersMax: number = 64 * KiB

/**
 * A resource policy: JSON of an object, kept as it is. What it grants is not judged here.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function requirePolicy(policy: unknown): string {
  const rule = `JSON of an object, of at most ${policyCharactersMax} characters`
  if (typeof policy !== 'string' || policy.length > policyCharactersMax || !isObject(policy)) {
    throw invalidArgument('policy', policy, rule)
  }
  return policy
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
