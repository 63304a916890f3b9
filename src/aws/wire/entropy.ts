import { randomBytes, randomUUID } from 'node:crypto'

/** Randomness as a parameter. */
export interface Entropy {
  /** A random UUID. */
  uuid(): string
  /** This many random bytes. */
  bytes(count: number): Buffer
}

/** The system's, fit for keys. */
export const systemEntropy: Entropy = { uuid: () => randomUUID(), bytes: (count) => randomBytes(count) }
