/** What a store shows of itself, as plain values that can be kept. */
import { createHash } from 'node:crypto'
import { MillraceError, open, type Store } from '../../src/index.ts'
import { inspectStore } from '../../src/inspect.ts'
import { ManualClock } from '../model/manual-clock.ts'

/** A store as it looks when it is opened at a certain time: its streams, or why they are refused. */
export interface Look {
  readonly streams?: readonly Record<string, unknown>[]
  /** The code of the error. */
  readonly refused?: string
}

/** Opens the store, looks at everything, and closes it. */
export async function look(path: string, nowMs: number, readOnly: boolean): Promise<Look> {
  const store = await open(path, { clock: new ManualClock(nowMs), ...(readOnly ? { readOnly } : {}) })
  try {
    return await lookAt(store)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    return { refused: error.code }
  } finally {
    await store.close()
  }
}

export async function lookAt(store: Store): Promise<Look> {
  const streams: Record<string, unknown>[] = []
  for (const description of store.listStreams()) {
    const stream = store.stream(description.name)
    const { shards: figures } = await stream.stats()
    const shards = []
    for (const { startingSequenceNumber: _, ...shard } of stream.shards()) {
      // What later versions tell beyond that, they make of what is here.
      const records = []
      for await (const record of stream.read({ from: 'oldest', shardId: shard.shardId, until: 'tail' })) {
        const { sequenceNumber, arrivedAtMs, partitionKey, explicitHashKey, bytes } = record
        const sha256 = createHash('sha256').update(bytes).digest('hex').slice(0, 16)
        const routed = explicitHashKey === undefined ? {} : { explicitHashKey }
        records.push({ sequenceNumber, arrivedAtMs, partitionKey, ...routed, bytes: bytes.length, sha256 })
      }
      const figure = figures.find(({ shardId }) => shardId === shard.shardId)
      const { recordsMax, bytes, segments, oldestArrivedAtMs, newestArrivedAtMs, sealed } = figure ?? {}
      const stats = { recordsMax, bytes, segments, oldestArrivedAtMs, newestArrivedAtMs, sealed }
      shards.push({ ...shard, stats, records })
    }
    const { name, arn, createdAtMs, retentionHours, maxRecordBytes, shardCount } = description
    streams.push({ name, arn, createdAtMs, retentionHours, maxRecordBytes, shardCount, shards })
  }
  // As it looks once it was kept.
  return JSON.parse(JSON.stringify({ streams })) as Look
}

/** Names by which the folders of logs are told apart, whatever their uuids: `orders/shardId-000000000000`. */
export async function namesOfLogs(path: string): Promise<ReadonlyMap<string, string>> {
  const { logs } = await inspectStore(path, { everyByte: false })
  const names = new Map<string, string>()
  for (const { folder, owner } of logs) {
    names.set(folder, owner === null ? folder.slice(0, 4) : `${owner.stream}/${owner.shardId}`)
  }
  return names
}

/** What a check of every byte finds, with logs by their names. */
export async function findings(path: string): Promise<string[]> {
  const names = await namesOfLogs(path)
  const report = await inspectStore(path, { everyByte: true })
  return report.findings
    .map(({ severity, file }) => {
      const folder = [...names.keys()].find((name) => file.startsWith(`${name}/`))
      return `${severity} ${folder === undefined ? file : (names.get(folder) ?? '') + file.slice(folder.length)}`
    })
    .toSorted()
}
