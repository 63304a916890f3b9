import type { Credential } from './credential.ts'

/** Everybody whom a server knows. */
export class Keyring {
  readonly #credentials: ReadonlyMap<string, Credential>

  constructor(credentials: readonly Credential[]) {
    this.#credentials = new Map(credentials.map((credential) => [credential.accessKeyId, credential]))
  }

  get(accessKeyId: string): Credential | undefined {
    return this.#credentials.get(accessKeyId)
  }
}
