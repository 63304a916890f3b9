/** A stretch of one shard: how many records, and the chain of their fingerprints (fingerprint.ts). */
export interface Stretch {
  readonly records: number
  readonly chain: number
}

/** Whether what a consumer saw is what the source says, and if not, what differs. */
export interface Verdict {
  readonly holds: boolean
  readonly why: string
}

/** Compares shard by shard: as many records, of the same content, in the same order. Pure. */
export function judge(seen: readonly Stretch[], expected: readonly Stretch[]): Verdict {
  const faults = expected.flatMap((wanted, shard) => {
    const found = seen[shard] ?? { records: 0, chain: 0 }
    if (found.records !== wanted.records) {
      return [`shard ${shard} gave ${found.records} records, the source has ${wanted.records}`]
    }
    return found.chain === wanted.chain
      ? []
      : [
          `shard ${shard} differs in order or content: ${hex(found.chain)}, the source has ${hex(wanted.chain)}`,
        ]
  })
  if (seen.length > expected.length)
    faults.push(`records came from ${seen.length} shards, not ${expected.length}`)
  return faults.length === 0
    ? { holds: true, why: expected.map(({ chain }) => hex(chain)).join(' ') }
    : { holds: false, why: faults.join('; ') }
}

function hex(chain: number): string {
  return chain.toString(16).padStart(8, '0')
}
