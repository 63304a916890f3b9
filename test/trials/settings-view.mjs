// What a stream shows of its settings, consumers and shards, in a form that a pipe carries and that can be compared.

/** @returns by setting: a text, a number or null */
export function settingsOf(stream) {
  const { retentionHours, maxRecordBytes, mode, kmsKeyId, monitoring } = stream.describe()
  const tags = stream.settings.tags.map(({ key, value }) => `${key}=${value}`)
  const shown = {
    retentionHours,
    maxRecordBytes,
    mode,
    kmsKeyId: kmsKeyId ?? null,
    monitoring: monitoring.join(),
    policy: stream.settings.policy ?? null,
    tags: tags.join(),
  }
  for (const { name, tags: labels, status } of stream.consumers.list()) {
    shown[`consumer ${name}`] = `${status} ${labels.map(({ value }) => value).join()}`
  }
  return shown
}

/** The open shards by their hash keys, as one text; throws unless they have each hash key once. */
export function openShardsOf(stream) {
  const open = stream
    .shards()
    .filter(({ closedAtMs }) => closedAtMs === undefined)
    .map(({ shardId, startingHashKey, endingHashKey }) => {
      return { shardId, start: BigInt(startingHashKey), end: BigInt(endingHashKey) }
    })
    .toSorted((a, b) => (a.start < b.start ? -1 : 1))
  let due = 0n
  for (const { shardId, start, end } of open) {
    if (start !== due) throw new Error(`${shardId} begins at ${start}, where ${due} was due`)
    due = end + 1n
  }
  if (due !== 2n ** 128n) throw new Error(`the open shards end at ${due}`)
  return open
}

/** Numbers and ranges. */
export function describeShards(open) {
  return open.map(({ shardId, start, end }) => `${Number(shardId.slice(-12))}:${start}-${end}`).join()
}
