import { shards } from '../contestant.ts'
import { fill } from '../filled.ts'
import type { Question } from '../question.ts'

const payloadBytes = 1024
const records = 200_000

/** How fast is everything read in order? */
export const readAll: Question = {
  id: 'read-all',
  title: 'read everything in order, 1 KiB',
  terms: [
    `${records} records of ${payloadBytes} B in ${shards} shards, all in the page cache. The first and last byte of each payload`,
    'are added up, and the sum must be right. millrace: readBatches with `reuse`, every checksum verified; leased:',
    'without copying, checksums verified by the first round. lmdb: getRange; by gets: getBinaryFast of each number.',
    'classic-level: nextv of 1,000. sqlite: iterate. hand-written log: 1 MiB a read.',
  ],
  unit: 'records/s',
  better: 'more',
  contestants: [
    'millrace',
    'millrace leased',
    'lmdb',
    'lmdb by gets',
    'classic-level',
    'sqlite',
    'hand-written log',
    'arrays',
  ],
  bars: [
    { against: 'lmdb', floor: 8, goal: 12 },
    { of: 'millrace leased', against: 'lmdb', floor: 10, goal: 15 },
    { of: 'millrace leased', against: undefined, goal: 10e6 },
  ],
  async prepare({ contestant, folder, scale }) {
    const {
      log,
      sum,
      records: stored,
    } = await fill(contestant, folder, { payloadBytes, records: records * scale })
    return {
      async round() {
        const startedAtMs = performance.now()
        const found = await log.sumOfAll()
        const seconds = (performance.now() - startedAtMs) / 1000
        if (found !== sum) throw new Error(`the payloads add up to ${found}, not ${sum}`)
        return { figure: stored / seconds }
      },
      close: () => log.close(),
    }
  },
}
