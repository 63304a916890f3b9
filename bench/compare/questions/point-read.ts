import { shards } from '../contestant.ts'
import { fill, randomNumbers } from '../filled.ts'
import type { Question } from '../question.ts'

const payloadBytes = 1024
const records = 200_000
const places = 20_000
const reads = 60_000

/** How fast is one record found by its sequence number? */
export const pointRead: Question = {
  id: 'point-read',
  title: 'point read by sequence number, 1 KiB',
  terms: [
    `${reads} reads a round of ${places} records, at random, among ${records} in ${shards} shards, all in the page cache.`,
    'Each contestant gets what its users would note of a record: millrace sequence number and shard; classic-level',
    'a key; lmdb shard and counter; sqlite a rowid; the hand-written log and the arrays an index into their arrays.',
  ],
  unit: 'reads/s',
  better: 'more',
  contestants: ['millrace', 'lmdb', 'classic-level', 'sqlite', 'hand-written log', 'arrays'],
  bars: [{ against: 'lmdb', floor: 1.5, goal: 2.5 }],
  async prepare({ contestant, folder, scale }) {
    const { log } = await fill(contestant, folder, { payloadBytes, records: records * scale })
    const noted = await log.places(places)
    const random = randomNumbers(11)
    const count = reads * scale
    return {
      async round() {
        const order = Uint32Array.from({ length: count }, () => random() * noted.length)
        let sum = 0
        const startedAtMs = performance.now()
        for (const index of order) {
          const found = log.sumAt(noted[index])
          sum += typeof found === 'number' ? found : await found
        }
        const seconds = (performance.now() - startedAtMs) / 1000
        if (!(sum > 0)) throw new Error('nothing was read')
        return { figure: count / seconds }
      },
      close: () => log.close(),
    }
  },
}
