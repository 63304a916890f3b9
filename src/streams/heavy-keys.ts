/** A partition key that was refused often. */
export interface HeavyKey {
  readonly partitionKey: string
  /** Records that were refused, at most: a key that came in for another one inherits its count. */
  readonly records: number
  /** Records that were refused, at least. */
  readonly recordsMin: number
  /** Keys and data of what was refused since the key is counted, bytes. */
  readonly bytes: number
}

interface Count {
  records: number
  inherited: number
  bytes: number
}

/**
 * The partition keys that are refused most, in bounded memory whatever keys there are: the "space saving" count of
 * Metwally, Agrawal and El Abbadi (2005). A key with more than one part in `keysMax` of all refusals is among them.
 */
export class HeavyKeys {
  readonly #keysMax: number
  readonly #counts: Map<string, Count> = new Map()

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  add(partitionKey: string, records: number, bytes: number): void {
    const known = this.#counts.get(partitionKey)
    if (known !== undefined) {
      known.records += records
      known.bytes += bytes
      return
    }
    const inherited = this.#counts.size < this.#keysMax ? 0 : this.#evict()
    this.#counts.set(partitionKey, { records: inherited + records, inherited, bytes })
  }

  /** The most refused first. */
  list(): readonly HeavyKey[] {
    return [...this.#counts]
      .map(([partitionKey, { records, inherited, bytes }]) => ({
        partitionKey,
        records,
        recordsMin: records - inherited,
        bytes,
      }))
      .toSorted((a, b) => b.records - a.records)
  }

  /** Drops the key with the fewest records, and answers how many. */
  #evict(): number {
    let least: [string, Count] | undefined
    for (const entry of this.#counts)
      if (least === undefined || entry[1].records < least[1].records) least = entry
    if (least === undefined) return 0
    this.#counts.delete(least[0])
    return least[1].records
  }
}
