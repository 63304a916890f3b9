// Waits for records that somebody else puts, and says how late each was; waking.bench.ts starts it, as a worker or as a
// process of its own.
import { parentPort, workerData } from 'node:worker_threads'
import { open, type OpenOptions, type Stream } from 'millrace'

/** What a consumer is to do. */
export interface WakingOrder {
  readonly folder: string
  readonly records: number
  /** A worker opens the store as its process has; another process only reads it. */
  readonly options: OpenOptions
}

/** What a consumer says: that it waits, then how late it saw each record, microseconds. */
export type WakingAnswer =
  | { readonly kind: 'waits' }
  | { readonly kind: 'late'; readonly lateUs: readonly number[] }

/** Reads as many records as they come; each begins with the time at which it was put. */
export async function consume(stream: Stream, records: number, waits: () => void): Promise<number[]> {
  const reader = stream.read({ from: 'latest' })
  const lateUs: number[] = []
  let next = reader.next()
  waits()
  while (lateUs.length < records) {
    const { value } = await next
    const seenNs = process.hrtime.bigint()
    if (value === undefined) throw new Error('the read ended')
    const { buffer, byteOffset, byteLength } = value.data
    lateUs.push(Number(seenNs - Buffer.from(buffer, byteOffset, byteLength).readBigInt64LE()) / 1000)
    next = reader.next()
  }
  // Nothing comes any more: it would keep this thread alive.
  await reader.return()
  return lateUs
}

async function main(
  { folder, records, options }: WakingOrder,
  say: (answer: WakingAnswer) => void,
): Promise<void> {
  await using store = await open(folder, options)
  const lateUs = await consume(store.stream('bench'), records, () => say({ kind: 'waits' }))
  say({ kind: 'late', lateUs })
}

if (parentPort !== null) {
  const port = parentPort
  await main(workerData as WakingOrder, (answer) => port.postMessage(answer))
} else if (process.send !== undefined) {
  const [order] = process.argv.slice(2)
  await main(JSON.parse(order as string) as WakingOrder, (answer) => process.send?.(answer))
}
