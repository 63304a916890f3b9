import { invalidArgument } from '../errors.ts'
import { KiB } from '../units.ts'
import { limitExceeded } from './limit-exceeded.ts'

/** In UTF-8; AWS's own bound is not published, so this is ours. */
const policyBytesMax: number = 64 * KiB

/**
 * A resource policy: JSON of an object, kept as it is. What it grants is not judged here.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`; `ERR_MILLRACE_LIMIT_EXCEEDED` beyond 64 KiB
 */
export function requirePolicy(policy: unknown): string {
  if (typeof policy !== 'string') throw notPolicy(policy)
  const bytes = Buffer.byteLength(policy)
  if (bytes > policyBytesMax) throw limitExceeded('policyBytes', bytes, policyBytesMax)
  if (!isObject(policy)) throw notPolicy(policy)
  return policy
}

function notPolicy(policy: unknown): Error {
  return invalidArgument('policy', policy, 'JSON of an object')
}

function isObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}
