/**
 * Where the shards of a stream stand in their picture. Pure. Across: the part of the hash keys that a shard
 * has. Down: how many splits and merges after the first shards it came; open shards reach to the bottom.
 */

/**
 * @typedef {object} ShardView
 * @property {number} index
 * @property {string} shardId
 * @property {string} startingHashKey decimal
 * @property {string} endingHashKey decimal
 * @property {number} createdAtMs
 * @property {string} [parentShardId]
 * @property {string} [adjacentParentShardId]
 * @property {number} [closedAtMs]
 */
/**
 * @typedef {object} PlacedShard
 * @property {ShardView} shard
 * @property {number} left part of the width, 0 to 1
 * @property {number} right part of the width, 0 to 1
 * @property {number} row from the top
 * @property {number} rowEnd row that it reaches to, inclusive
 * @property {boolean} open
 * @property {readonly string[]} parents those that are in the picture
 */

const hashKeys = 1n << 128n

/**
 * The part of all hash keys below a hash key, 0 to 1.
 *
 * @param {bigint} hashKey
 */
function part(hashKey) {
  return Number((hashKey * 1_000_000n) / hashKeys) / 1_000_000
}

/** @param {ShardView} shard */
export function shareOf({ startingHashKey, endingHashKey }) {
  return part(BigInt(endingHashKey) + 1n - BigInt(startingHashKey))
}

/**
 * The hash key in the middle of a shard, where a split makes two of one size.
 *
 * @param {ShardView} shard
 */
export function middleOf({ startingHashKey, endingHashKey }) {
  return String((BigInt(startingHashKey) + BigInt(endingHashKey) + 1n) / 2n)
}

/**
 * The open shard whose hash keys follow.
 *
 * @param {ShardView} shard
 * @param {readonly ShardView[]} shards
 */
export function neighbourOf({ endingHashKey }, shards) {
  const next = String(BigInt(endingHashKey) + 1n)
  return shards.find(
    ({ startingHashKey, closedAtMs }) => startingHashKey === next && closedAtMs === undefined,
  )
}

/**
 * @param {readonly ShardView[]} shards by index: parents come before their children
 * @returns {{ readonly placed: readonly PlacedShard[], readonly rows: number }}
 */
export function layOut(shards) {
  /** @type {Map<string, number>} */
  const rowOf = new Map()
  let rows = 0
  /** @type {PlacedShard[]} */
  const placed = []
  for (const shard of shards) {
    const parents = [shard.parentShardId, shard.adjacentParentShardId].flatMap((parent) =>
      parent !== undefined && rowOf.has(parent) ? [parent] : [],
    )
    const row = Math.max(-1, ...parents.map((parent) => rowOf.get(parent) ?? -1)) + 1
    rowOf.set(shard.shardId, row)
    rows = Math.max(rows, row + 1)
    placed.push({
      shard,
      left: part(BigInt(shard.startingHashKey)),
      right: part(BigInt(shard.endingHashKey) + 1n),
      row,
      rowEnd: row,
      open: shard.closedAtMs === undefined,
      parents,
    })
  }
  return { placed: stretched(placed, rows), rows }
}

/**
 * Open shards reach to the bottom, closed ones to their children.
 *
 * @param {readonly PlacedShard[]} placed
 * @param {number} rows
 */
function stretched(placed, rows) {
  /** @type {Map<string, number>} */
  const firstChild = new Map()
  for (const { parents, row } of placed) {
    for (const parent of parents) firstChild.set(parent, Math.min(row, firstChild.get(parent) ?? rows))
  }
  return placed.map((one) => {
    const below = firstChild.get(one.shard.shardId)
    const rowEnd = one.open ? rows - 1 : below === undefined ? one.row : below - 1
    return { ...one, rowEnd: Math.max(one.row, rowEnd) }
  })
}
