import { createHmac } from 'node:crypto'
import { type Credential, sameText } from '../credential.ts'
import type { Keyring } from '../keyring.ts'
import { type Authority, type Authorization, authorizationOf, type Caller } from './authorization.ts'
import { canonicalRequest, sha256, signedHeader } from './canonical-request.ts'
import type { WireRequest } from './exchange.ts'
import { Fault } from './fault.ts'
import { type RequestTime, requestTimeOf, requireNow } from './request-time.ts'
import { SigningKeys } from './signing-keys.ts'

/** A credential scope, in its parts. */
interface Scope {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly terminator: string
}

/**
 * Verifies signatures of version 4 (AWS IAM User Guide, "AWS Signature Version 4 for API requests"): whoever calls has a
 * credential of the keyring, and the request is the one that was signed with it.
 */
export class SignatureAuthority implements Authority {
  readonly verifies = true
  readonly #keyring: Keyring
  readonly #nowMs: () => number
  readonly #keys: SigningKeys = new SigningKeys()

  /** @param nowMs the time that clients go by, milliseconds since 1970: the system's, whatever the store's is */
  constructor(keyring: Keyring, nowMs: () => number) {
    this.#keyring = keyring
    this.#nowMs = nowMs
  }

  callerOf(request: WireRequest, signingName: string): Caller {
    const authorization = authorizationOf(request)
    const scope = scopeOf(authorization)
    const credential = this.#keyring.get(scope.accessKeyId)
    if (credential === undefined || !credential.isSessionToken(request.headers['x-amz-security-token'])) {
      throw new Fault('UnrecognizedClientException', 'The security token included in the request is invalid.')
    }
    const nowMs = this.#nowMs()
    if (credential.hasExpired(nowMs)) {
      throw new Fault('ExpiredTokenException', 'The security token included in the request is expired')
    }
    const time = requestTimeOf(request)
    requireScope(scope, time, signingName)
    requireNow(time, nowMs)
    const signedHeaders = authorization.signedHeaders.split(';')
    requireSigned(request, signedHeaders)
    if (
      !sameText(
        this.#signatureOf(request, signedHeaders, { scope, credential, time }),
        authorization.signature,
      )
    ) {
      throw mismatch()
    }
    return { accessKeyId: scope.accessKeyId, region: scope.region, credential }
  }

  /** What the signature should be. */
  #signatureOf(
    request: WireRequest,
    signedHeaders: readonly string[],
    by: { readonly scope: Scope; readonly credential: Credential; readonly time: RequestTime },
  ): string {
    const payloadHash = sha256(request.body)
    const claimed = request.headers['x-amz-content-sha256']
    // Only S3 takes bodies that nobody signed.
    if (claimed !== undefined && claimed !== payloadHash) throw mismatch()
    const { date, region, service } = by.scope
    const text = [
      'AWS4-HMAC-SHA256',
      by.time.text,
      `${date}/${region}/${service}/aws4_request`,
      sha256(canonicalRequest(request, signedHeaders, payloadHash)),
    ].join('\n')
    const key = this.#keys.keyOf(by.credential, [date, region, service])
    return createHmac('sha256', key).update(text).digest('hex')
  }
}

function scopeOf({ scope }: Authorization): Scope {
  const [accessKeyId, date, region, service, terminator, ...more] = scope
  if (
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator === undefined ||
    more.length > 0
  ) {
    const got = scope.join('/').slice(0, 256)
    throw new Fault(
      'IncompleteSignatureException',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${got}'`,
    )
  }
  return { accessKeyId, date, region, service, terminator }
}

function requireScope(scope: Scope, time: RequestTime, signingName: string): void {
  if (scope.terminator !== 'aws4_request') {
    throw wrongScope(`Credential should be scoped with a valid terminator: 'aws4_request'.`)
  }
  if (scope.date !== time.date) {
    throw wrongScope(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: ` +
        `'${scope.date.slice(0, 32)}' != '${time.date}', from '${time.text}'.`,
    )
  }
  if (scope.service !== signingName) {
    throw wrongScope(`Credential should be scoped to correct service: '${signingName}'. `)
  }
  if (!/^[a-z0-9-]{1,64}$/.test(scope.region)) {
    throw wrongScope('Credential should be scoped to a valid region. ')
  }
}

/** What somebody on the way could change, the target and the time among it, has to be signed. */
function requireSigned(request: WireRequest, signedHeaders: readonly string[]): void {
  if (!signedHeaders.includes('host') && !signedHeaders.includes(':authority')) {
    throw wrongScope("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
  }
  // AWS's own `x-amzn-*`, which proxies may add, do not count.
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-amz-') && !signedHeaders.includes(name)) {
      throw wrongScope(`'${name.slice(0, 128)}' must be a 'SignedHeader' in the AWS Authorization.`)
    }
  }
  if (request.headers['x-amz-date'] === undefined && !signedHeaders.includes('date')) {
    throw wrongScope("'date' must be a 'SignedHeader' in the AWS Authorization.")
  }
  if (signedHeaders.some((name) => signedHeader(request, name) === undefined)) throw mismatch()
}

function wrongScope(message: string): Fault {
  return new Fault('InvalidSignatureException', message)
}

function mismatch(): Fault {
  return new Fault(
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
      'and signing method. Consult the service documentation for details.',
  )
}
