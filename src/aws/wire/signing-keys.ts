import { createHmac } from 'node:crypto'
import type { Credential } from '../credential.ts'

/** More keys than these are begun anew: a client that thinks up regions shall not fill the memory. */
const keysMax = 256

/** Keys to sign with, one for each credential, day, region and service. Deriving one takes four hashes. */
export class SigningKeys {
  readonly #keys: Map<string, Buffer> = new Map()

  /** @param scope date, region and service of the credential scope */
  keyOf(credential: Credential, scope: readonly [string, string, string]): Buffer {
    const name = [credential.accessKeyId, ...scope].join('/')
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    let key: Buffer | string = credential.signingSecret
    for (const part of [...scope, 'aws4_request']) key = createHmac('sha256', key).update(part).digest()
    if (this.#keys.size >= keysMax) this.#keys.clear()
    this.#keys.set(name, key as Buffer)
    return key as Buffer
  }
}
