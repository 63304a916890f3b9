import type { StreamStats } from 'millrace'
import type { Consumer } from './consumer.ts'
import { bytes, count, rate, seconds } from './figures.ts'
import type { Verdict } from './verdict.ts'

/** A table of the consumers, and a line for each verdict that does not hold. */
export function consumerLines(
  judged: readonly { readonly consumer: Consumer; readonly verdict: Verdict }[],
): string[] {
  const rows = [
    ['consumer', 'records', 'bytes', 'time', 'records/s', 'order and checksum'],
    ...judged.map(({ consumer, verdict }) => [
      consumer.name,
      count(consumer.records),
      bytes(consumer.bytes),
      seconds(consumer.tookMs),
      count(rate(consumer.records, consumer.tookMs)),
      verdict.holds ? `holds  ${verdict.why}` : 'DOES NOT HOLD',
    ]),
  ]
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const table = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  )
  const faults = judged.filter(({ verdict }) => !verdict.holds)
  return [...table, ...faults.map(({ consumer, verdict }) => `${consumer.name}: ${verdict.why}`)]
}

/** What the stream takes on disk. */
export function storeLine({ recordsMax, bytes: stored, fileBytes, shards }: StreamStats): string {
  const segments = shards.reduce((sum, shard) => sum + shard.segments, 0)
  const files = `${bytes(fileBytes)} of files in ${count(segments)} segments of ${count(shards.length)} shards`
  return `store: ${count(recordsMax)} records, ${bytes(stored)} with their frames, ${files}`
}
