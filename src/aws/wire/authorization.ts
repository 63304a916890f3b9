import { Fault } from './fault.ts'
import type { WireRequest } from './exchange.ts'

/** Who calls, as the request says it. Nobody has checked the signature. */
export interface Caller {
  readonly accessKeyId: string
  /** Of the credential scope. */
  readonly region: string
}

const parts = ['Credential', 'Signature', 'SignedHeaders'] as const

/**
 * Reads the `Authorization` header of AWS Signature Version 4, without checking the signature.
 *
 * @throws `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `InvalidSignatureException`
 */
export function callerOf(request: WireRequest): Caller {
  const header = request.headers['authorization']
  if (header !== undefined && request.query.includes('X-Amz-Algorithm=')) {
    throw new Fault(
      'InvalidSignatureException',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    )
  }
  if (header === undefined || header === '') {
    throw new Fault('MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const found = new Map<string, string>()
  for (const part of header.replace(/^\S+\s+/, '').split(',')) {
    const [name = '', value] = part.trim().split('=', 2)
    if (value !== undefined) found.set(name, value)
  }
  const missing = parts.filter((name) => !found.get(name))
  if (!header.startsWith('AWS4-HMAC-SHA256') || missing.length > 0) throw incomplete(missing, header)
  if (request.headers['x-amz-date'] === undefined && request.headers['date'] === undefined) {
    throw new Fault(
      'IncompleteSignatureException',
      `Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=${cut(header)}`,
    )
  }
  const [accessKeyId = '', , region = ''] = (found.get('Credential') ?? '').split('/')
  return { accessKeyId, region }
}

function incomplete(missing: readonly string[], header: string): Fault {
  const reasons = missing.map((name) => `Authorization header requires '${name}' parameter.`)
  if (missing.length === 0) reasons.push('Authorization header requires the algorithm AWS4-HMAC-SHA256.')
  return new Fault('IncompleteSignatureException', `${reasons.join(' ')} Authorization=${cut(header)}`)
}

function cut(header: string): string {
  return header.length > 1024 ? `${header.slice(0, 1024)}...` : header
}
