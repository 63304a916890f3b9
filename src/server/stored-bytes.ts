import type { Shard } from '../streams/shard.ts'
import type { StreamCore } from '../streams/stream-core.ts'

/** Logs that are opened for one look: those of shards that nobody has used yet. */
export const visitsMax = 64

/** What a stream's shards hold, bytes: stored records with their frames, and the space of files. */
export interface Held {
  readonly bytes: number
  readonly fileBytes: number
}

/**
 * What streams hold, without opening all their logs: one that is not open has not changed since it was looked at. No log
 * stays open for a look.
 */
export class StoredBytes {
  readonly #seen: WeakMap<Shard, Held> = new WeakMap()
  #visitsLeft = 0

  /** The next look begins. */
  begin(): void {
    this.#visitsLeft = visitsMax
  }

  /** `undefined` while there are shards that no look has come to. Rejects if one cannot be read. */
  async of({ readableShards }: StreamCore): Promise<Held | undefined> {
    let bytes = 0
    let fileBytes = 0
    let whole = true
    for (const shard of readableShards) {
      const held = await this.#look(shard)
      bytes += held?.bytes ?? 0
      fileBytes += held?.fileBytes ?? 0
      whole &&= held !== undefined
    }
    return whole ? { bytes, fileBytes } : undefined
  }

  async #look(shard: Shard): Promise<Held | undefined> {
    if (shard.opened === undefined) {
      const seen = this.#seen.get(shard)
      if (seen !== undefined || this.#visitsLeft === 0) return seen
      this.#visitsLeft -= 1
    }
    const { bytes, fileBytes } = await shard.visit((log) => log.stats())
    const held = { bytes, fileBytes }
    this.#seen.set(shard, held)
    return held
  }
}
