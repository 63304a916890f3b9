import type { Credential } from '../credential.ts'
import type { WireRequest } from './exchange.ts'
import { Fault } from './fault.ts'

/** Who calls. */
export interface Caller {
  readonly accessKeyId: string
  /** Of the credential scope. */
  readonly region: string
  /** Whose signature was verified; `undefined`: nobody checks signatures here. */
  readonly credential?: Credential | undefined
}

/** Says who calls. */
export interface Authority {
  /** Whether it asks for proof. Then a request's body is parsed only when its sender is known. */
  readonly verifies: boolean
  /**
   * Whoever sent a request to a service.
   *
   * @param signingName what the service is called in credential scopes
   * @throws a `Fault` in the service's words if that is nobody
   */
  callerOf(request: WireRequest, signingName: string): Caller
}

/** Believes what a request says: nobody has checked its signature. */
export const credulous: Authority = {
  verifies: false,
  callerOf(request) {
    const [accessKeyId = '', , region = ''] = authorizationOf(request).scope
    return { accessKeyId, region }
  },
}

/** What the `Authorization` header of AWS Signature Version 4 says. */
export interface Authorization {
  /** Access key id, date, region, service, terminator: as many as there are. */
  readonly scope: readonly string[]
  /** Their names, with semicolons between them. */
  readonly signedHeaders: string
  readonly signature: string
}

const parts = ['Credential', 'Signature', 'SignedHeaders'] as const

/**
 * Reads the `Authorization` header of AWS Signature Version 4, without checking the signature.
 *
 * @throws `MissingAuthenticationTokenException`, `IncompleteSignatureException`, `InvalidSignatureException`
 */
export function authorizationOf(request: WireRequest): Authorization {
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
  const [, credential, signedHeaders, signature] = usual.exec(header) ?? ['', ...partsOf(header)]
  if (request.headers['x-amz-date'] === undefined && request.headers['date'] === undefined) {
    throw new Fault(
      'IncompleteSignatureException',
      `Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=${cut(header)}`,
    )
  }
  return {
    scope: (credential ?? '').split('/'),
    signedHeaders: signedHeaders ?? '',
    signature: signature ?? '',
  }
}

/** As nearly all clients write it. */
const usual = /^AWS4-HMAC-SHA256 Credential=([^\s,=]+), ?SignedHeaders=([^\s,=]+), ?Signature=([^\s,=]+)$/

/** Credential, signed headers and signature, in whatever order. @throws `IncompleteSignatureException` */
function partsOf(header: string): readonly (string | undefined)[] {
  const found = new Map<string, string>()
  for (const part of header.replace(/^\S+\s+/, '').split(',')) {
    const [name = '', value] = part.trim().split('=', 2)
    if (value !== undefined) found.set(name, value)
  }
  const missing = parts.filter((name) => !found.get(name))
  if (!header.startsWith('AWS4-HMAC-SHA256') || missing.length > 0) throw incomplete(missing, header)
  return ['Credential', 'SignedHeaders', 'Signature'].map((name) => found.get(name))
}

function incomplete(missing: readonly string[], header: string): Fault {
  const reasons = missing.map((name) => `Authorization header requires '${name}' parameter.`)
  if (missing.length === 0) reasons.push('Authorization header requires the algorithm AWS4-HMAC-SHA256.')
  return new Fault('IncompleteSignatureException', `${reasons.join(' ')} Authorization=${cut(header)}`)
}

function cut(header: string): string {
  return header.length > 1024 ? `${header.slice(0, 1024)}...` : header
}
