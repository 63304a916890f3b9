import { createHash, timingSafeEqual } from 'node:crypto'
import { type Grant, Policy } from './policy.ts'

/** A credential as whoever runs a server writes it down. */
export interface CredentialOptions {
  /** Who it is: 4 to 128 letters, digits and underscores. Twelve digits are an account, too. */
  readonly accessKeyId: string
  /** What signs requests: 16 to 256 characters, known to nobody else. */
  readonly secretAccessKey: string
  /** What requests have to bring as `x-amz-security-token`. @defaultValue none, and none is accepted */
  readonly sessionToken?: string | undefined
  /** When the credential ends: a time of ISO 8601, such as `2026-01-31T12:00:00Z`. @defaultValue never */
  readonly expiresAt?: string | undefined
  /** Account of whoever uses it: twelve digits. @defaultValue an access key id of twelve digits, else the store's */
  readonly account?: string | undefined
  /** What it allows; at least one line. */
  readonly policy: readonly Grant[]
}

/** Somebody whom a server knows. Shows its secret to nobody: it is not among the properties. */
export class Credential {
  readonly accessKeyId: string
  /** Twelve digits; `undefined`: the store's. */
  readonly account: string | undefined
  readonly policy: Policy
  readonly #secret: string
  readonly #sessionToken: string | undefined
  readonly #expiresAtMs: number

  /** @param options checked */
  constructor(options: CredentialOptions) {
    const { accessKeyId, account, expiresAt } = options
    this.accessKeyId = accessKeyId
    this.account = account ?? (/^\d{12}$/.test(accessKeyId) ? accessKeyId : undefined)
    this.policy = new Policy(options.policy)
    this.#secret = options.secretAccessKey
    this.#sessionToken = options.sessionToken
    this.#expiresAtMs = expiresAt === undefined ? Infinity : Date.parse(expiresAt)
  }

  /** What `Signature` version 4 derives its keys from. */
  get signingSecret(): string {
    return `AWS4${this.#secret}`
  }

  /** Whether requests have to bring a token beside their signature. */
  get temporary(): boolean {
    return this.#sessionToken !== undefined
  }

  /** Milliseconds since 1970; `Infinity`: never. */
  get expiresAtMs(): number {
    return this.#expiresAtMs
  }

  hasExpired(nowMs: number): boolean {
    return nowMs >= this.#expiresAtMs
  }

  /** Takes the same time whatever the secret is. */
  isSecret(secret: string): boolean {
    return sameText(secret, this.#secret)
  }

  /** Takes the same time whatever the token is. `undefined`: the request brought none. */
  isSessionToken(token: string | undefined): boolean {
    if (token === undefined || this.#sessionToken === undefined) return token === this.#sessionToken
    return sameText(token, this.#sessionToken)
  }
}

/** Compares in a time that says nothing about where texts differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
