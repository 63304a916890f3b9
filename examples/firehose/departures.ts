import type { PutRecordsRequestEntry } from '@aws-sdk/client-kinesis'
import type { FlightSource } from '../flights/source.ts'

/** The first `records` flights from these airports, in the order of the source, numbered by their row there. */
export async function* departures(
  source: FlightSource,
  airports: readonly string[],
  records: number,
): AsyncGenerator<PutRecordsRequestEntry> {
  const chosen = new Set(airports)
  let row = 0
  let left = records
  for await (const page of source.pages(source.rows)) {
    for (let index = 0; index < page.count; index++, row++) {
      const origin = page.origins[index] ?? ''
      if (!chosen.has(origin)) continue
      // The flight is an object that has members.
      const text = `{"flight":${row},${page.json(index).slice(1)}`
      yield { PartitionKey: origin, Data: Buffer.from(text) }
      left -= 1
      if (left === 0) return
    }
  }
}
