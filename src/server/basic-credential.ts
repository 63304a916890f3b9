import { Buffer } from 'node:buffer'
import type { Clock } from '../clock.ts'
import type { Credential } from '../aws/credential.ts'
import type { Keyring } from '../aws/keyring.ts'
import { type HttpAnswer, type HttpRequest, textAnswer } from './http-exchange.ts'

/** Who may use what a server answers beside the services of AWS. */
export interface Door {
  /** `undefined`: this server has no credentials, everybody may. */
  readonly keyring: Keyring | undefined
  /** Tells which credentials have expired: the system's clock, not the store's. */
  readonly clock: Clock
}

/**
 * Whoever makes a request for something beside the services of AWS: HTTP Basic, the access key id as the user and
 * the secret access key as the password. The answer that turns away whoever is not known; `undefined` where the server
 * has no credentials. Whoever calls still has to ask the credential's policy.
 *
 * Temporary credentials, which need a session token, are not taken: Basic has no place for one.
 *
 * ```ts
 * const caller = requireCredential(request, door)
 * if (isAnswer(caller)) return caller
 * if (caller !== undefined && !caller.policy.allowsAll('any')) return textAnswer(403, '…')
 * ```
 */
export function requireCredential(request: HttpRequest, door: Door): Credential | HttpAnswer | undefined {
  if (door.keyring === undefined) return undefined
  return credentialOf(request, door.keyring, door.clock.nowMs()) ?? unknown
}

/** The answer that turns away whoever may not see all streams; `undefined` for who may. */
export function refusalOf(request: HttpRequest, door: Door): HttpAnswer | undefined {
  const caller = requireCredential(request, door)
  if (caller === undefined || isAnswer(caller)) return caller
  return caller.policy.allowsAll('any') ? undefined : onlySome
}

/** Tells the two things apart that `requireCredential` answers. */
export function isAnswer(caller: Credential | HttpAnswer | undefined): caller is HttpAnswer {
  return caller !== undefined && 'status' in caller
}

function credentialOf({ headers }: HttpRequest, keyring: Keyring, nowMs: number): Credential | undefined {
  const [, encoded] = /^basic +([a-z0-9+/=]+) *$/i.exec(headers['authorization'] ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const credential = keyring.get(text.slice(0, colon))
  if (credential === undefined || credential.temporary || credential.hasExpired(nowMs)) return undefined
  return credential.isSecret(text.slice(colon + 1)) ? credential : undefined
}

const unknown: HttpAnswer = textAnswer(401, 'a credential of this server is needed\n', {
  'www-authenticate': 'Basic realm="millrace", charset="UTF-8"',
  'cache-control': 'no-store',
})

const onlySome: HttpAnswer = textAnswer(403, 'this credential may not see all streams\n')
