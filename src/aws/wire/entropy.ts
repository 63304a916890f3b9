import { randomFillSync, randomUUID } from 'node:crypto'

/** Randomness as a parameter. */
export interface Entropy {
  /** A random UUID. */
  uuid(): string
  /** This many random bytes, in base64. */
  base64(count: number): string
}

const poolBytes = 8192
const pool: Buffer = Buffer.alloc(poolBytes)
let used: number = poolBytes

/** The system's, fit for keys. Drawn ahead: a call of the system for each answer would cost more than the answer. */
export const systemEntropy: Entropy = {
  uuid: () => randomUUID(),
  base64(count) {
    if (count > poolBytes) return randomFillSync(Buffer.alloc(count)).toString('base64')
    if (used + count > poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    used += count
    return pool.toString('base64', used - count, used)
  },
}
