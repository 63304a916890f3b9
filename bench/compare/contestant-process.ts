// The process of one contestant and one question; lane.ts starts it.
//
//   node --expose-gc contestant-process.js <question> <contestant> <folder> <scale>
//
// Gets ready, then does a round whenever it is told to, until it is told to end. What one contestant leaves behind in
// heap, mappings and optimised code is nobody else's.
import { MillraceError } from 'millrace'
import { NotBuilt } from './contestant.ts'
import { type ContestantName, contestants } from './contestants.ts'
import type { Measured, Prepared } from './question.ts'
import { questions } from './questions.ts'

/** What it is told. */
export type Told = 'prepare' | 'round' | 'end'

/** What it answers: `done` without figures to `prepare` and `end`. */
export type Answer =
  | { readonly kind: 'done'; readonly measured?: Measured }
  | { readonly kind: 'not built'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

function main(id: string, name: ContestantName, folder: string, scale: number): void {
  const question = questions.find((candidate) => candidate.id === id)
  if (question === undefined) throw new Error(`there is no question ${id}`)
  let prepared: Prepared | undefined
  const obey = async (told: Told): Promise<Answer> => {
    if (told === 'prepare') {
      prepared = await question.prepare({ name, contestant: contestants[name], folder, scale })
      return { kind: 'done' }
    }
    if (prepared === undefined) throw new Error('nobody said prepare')
    globalThis.gc?.()
    if (told === 'round') return { kind: 'done', measured: await prepared.round() }
    await prepared.close()
    return { kind: 'done' }
  }
  process.on('message', (told: Told) => {
    void obey(told)
      .catch(failure)
      .then((answer) => answerTo(told, answer))
  })
}

function answerTo(told: Told, answer: Answer): void {
  process.send?.(answer)
  if (told === 'end') process.disconnect()
}

function failure(error: unknown): Answer {
  if (error instanceof NotBuilt) return { kind: 'not built', why: error.message }
  const known = error instanceof MillraceError
  if (known && (error.code === 'ERR_MILLRACE_UNSUPPORTED' || error.code === 'ERR_MILLRACE_UNKNOWN_OPTION')) {
    return { kind: 'not built', why: error.message }
  }
  return { kind: 'failed', why: error instanceof Error ? String(error.stack) : String(error) }
}

const [id, name, folder, scale] = process.argv.slice(2)
main(id as string, name as ContestantName, folder as string, Number(scale))
