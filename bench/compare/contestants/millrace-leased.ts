// millrace, reading through leases instead of copies. Everything else is as in millrace.ts.
import { type ContestedLog, type Contestant, touch } from '../contestant.ts'
import { millrace, type MillraceLog } from './millrace.ts'

export const millraceLeased: Contestant = {
  async open(folder, terms) {
    const log = (await millrace.open(folder, terms)) as MillraceLog
    return withLeases(log)
  },
}

function withLeases(log: MillraceLog): ContestedLog {
  log.sumOfAll = () => sumOfLeases(log)
  return log
}

/** As `MillraceLog.sumOfAll`, but the records of finished segments stay where they are. */
async function sumOfLeases(log: MillraceLog): Promise<number> {
  let sum = 0
  for await (const batch of log.stream.readBatches({ from: 'oldest', until: 'tail', lease: true })) {
    for (let index = 0; index < batch.length; index++) sum += touch(batch.data(index))
  }
  return sum
}
