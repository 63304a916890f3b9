import { supplyPages } from '../page-supply.ts'
import { Lane } from './lane.ts'
import type { Question } from './question.ts'
import { type Answered, answeredBy } from './results.ts'

export interface Run {
  readonly rounds: number
  /** Below 1: less data, for a look. */
  readonly scale: number
  /** An empty folder on the file system under test. */
  readonly folder: string
  progress(text: string): void
}

/**
 * Asks everybody one question, in turn: A B C A B C …, each in a process of its own, so that whatever else the
 * machine does meets them alike. A first round of each is not counted, unless there is only one.
 */
export async function askInTurn(question: Question, run: Run): Promise<Answered> {
  const rounds = Math.min(run.rounds, question.roundsMax ?? run.rounds)
  const first = rounds === 1 ? 1 : 0
  const lanes: Lane[] = []
  try {
    for (const name of question.contestants) {
      run.progress(`${question.id}: preparing ${name}`)
      const lane = new Lane(question, name, run.folder, run.scale)
      lanes.push(lane)
      await lane.prepare()
    }
    for (let round = first; round <= rounds; round++) {
      for (const lane of lanes) {
        run.progress(`${question.id}: round ${round} of ${rounds}, ${lane.name}`)
        if (question.roundBytes !== undefined) supplyPages(run.folder, question.roundBytes(run.scale))
        await lane.round(round > 0)
      }
    }
  } finally {
    for (const lane of lanes) await lane.end()
  }
  return answeredBy(question, lanes)
}
