import { randomFillSync, randomUUID } from 'node:crypto'

/** Randomness as a parameter. */
export interface Entropy {
  /** A random UUID. */
  uuid(): string
  /** This many random bytes. */
  bytes(count: number): Buffer
}

const poolBytes = 8192
const pool: Buffer = Buffer.alloc(poolBytes)
let used: number = poolBytes

/** The system's, fit for keys. Drawn ahead: a call of the system for each answer would cost more than the answer. */
export const systemEntropy: Entropy = {
  uuid: () => randomUUID(),
  bytes(count) {
    if (count > poolBytes) return randomFillSync(Buffer.alloc(count))
    if (used + count > poolBytes) {
      randomFillSync(pool)
      used = 0
    }
    used += count
    return Buffer.from(pool.subarray(used - count, used))
  },
}
