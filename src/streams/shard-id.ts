/** Shard ids as AWS writes them: `shardId-` and twelve digits. */

/** The id of the shard with this index in its stream. */
export function formatShardId(index: number): string {
  return `shardId-${String(index).padStart(12, '0')}`
}

/** The index in a shard id; `undefined` if the text is none. */
export function parseShardId(text: string): number | undefined {
  return /^shardId-\d{12}$/.test(text) ? Number(text.slice('shardId-'.length)) : undefined
}
