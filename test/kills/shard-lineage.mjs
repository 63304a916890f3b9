// Where the shards of a stream come from, and which hash keys they have: a read brings parents before children, and
// each record from the shard that had its hash key.
import { createHash } from 'node:crypto'

export class ShardLineage {
  /** By index: { parents, start, end }, of all that were ever listed. */
  #shards = new Map()
  /** Indexes of those that are listed now. */
  #listed = new Set()
  /** Shards whose children were met: nothing more comes of them. */
  #over = new Set()
  /** Shards that were met. */
  #met = new Set()
  /** Hash keys by partition key. */
  #hashes = new Map()

  isListed(index) {
    return this.#listed.has(index)
  }

  /** Indexes of all that a shard comes from, the nearest first. */
  ancestorsOf(index) {
    const found = new Set(this.#shards.get(index)?.parents)
    for (const ancestor of found)
      for (const parent of this.#shards.get(ancestor)?.parents ?? []) found.add(parent)
    return [...found]
  }

  /** A read has come to this shard. */
  meet(index, stream) {
    if (this.#over.has(index)) throw new Error(`shard ${index} goes on, though its children were read`)
    if (this.#met.has(index)) return
    this.#met.add(index)
    this.#list(stream)
    for (const ancestor of this.ancestorsOf(index)) this.#over.add(ancestor)
  }

  /** A record was read from this shard. */
  place(index, partitionKey, explicitHashKey) {
    const shard = this.#shards.get(index)
    if (shard === undefined) return
    const hash = explicitHashKey === undefined ? this.#hashOf(partitionKey) : BigInt(explicitHashKey)
    if (hash < shard.start || hash > shard.end)
      throw new Error(`the hash key ${hash} is not one of the shard`)
  }

  #list(stream) {
    this.#listed.clear()
    for (const shard of stream.shards()) {
      const index = indexOf(shard.shardId)
      this.#listed.add(index)
      const parents = [shard.parentShardId, shard.adjacentParentShardId].flatMap((id) =>
        id ? [indexOf(id)] : [],
      )
      const [start, end] = [BigInt(shard.startingHashKey), BigInt(shard.endingHashKey)]
      this.#shards.set(index, { parents, start, end })
    }
  }

  #hashOf(partitionKey) {
    let hash = this.#hashes.get(partitionKey)
    if (hash === undefined) {
      hash = BigInt(`0x${createHash('md5').update(partitionKey).digest('hex')}`)
      this.#hashes.set(partitionKey, hash)
    }
    return hash
  }
}

function indexOf(shardId) {
  return Number(shardId.slice(-12))
}
