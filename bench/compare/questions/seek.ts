import { shards } from '../contestant.ts'
import { fill, randomNumbers } from '../filled.ts'
import type { Question } from '../question.ts'

const payloadBytes = 1024
const records = 200_000
const recordsOfSeek = 100
const seeks = 4_000

/** How fast is a moment found, and what came after it? */
export const seek: Question = {
  id: 'seek',
  title: `seek by time, then ${recordsOfSeek} records of 1 KiB`,
  terms: [
    `${seeks} seeks a round, each to a random moment of a random shard, then ${recordsOfSeek} records of that shard; ${records} records`,
    `in ${shards} shards whose arrivals are spread over 2,000 ms, all in the page cache. Every payload is touched.`,
  ],
  unit: 'seeks/s',
  better: 'more',
  contestants: ['millrace', 'lmdb', 'lmdb by gets', 'classic-level', 'sqlite', 'hand-written log', 'arrays'],
  bars: [{ against: 'lmdb', floor: 6, goal: 11 }],
  async prepare({ contestant, folder, scale }) {
    const filled = await fill(contestant, folder, { payloadBytes, records: records * scale })
    const { log, firstMs, milliseconds } = filled
    // Not so late that a shard has fewer than 100 records left.
    const spanMs = Math.floor(milliseconds * 0.9)
    const random = randomNumbers(7)
    const count = seeks * scale
    return {
      async round() {
        let sum = 0
        const startedAtMs = performance.now()
        for (let index = 0; index < count; index++) {
          const shard = Math.floor(random() * shards)
          const found = log.sumFrom(shard, firstMs + Math.floor(random() * spanMs), recordsOfSeek)
          sum += typeof found === 'number' ? found : await found
        }
        const seconds = (performance.now() - startedAtMs) / 1000
        // Two random bytes a record make 255 on average.
        const expected = count * recordsOfSeek * 255
        if (Math.abs(sum / expected - 1) > 0.05)
          throw new Error(`the payloads add up to ${sum}, not about ${expected}`)
        return { figure: count / seconds }
      },
      close: () => log.close(),
    }
  },
}
