import { invalidArgument } from '../../errors.ts'
import { ThreadFailure } from '../thread-failure.ts'
import { programLengthMax } from './jq-program.ts'
import { queryThreads } from './query.ts'
import type { QueryRequest } from './query-work.ts'

/** To read a program takes milliseconds, but a processor may be busy. Milliseconds. */
const checkMs = 30_000

/**
 * A program that jq takes: 1 to 5,120 characters, as AWS bounds them. Whether its result will be an object, only records
 * can tell. Nothing of it is run.
 *
 * @throws MillraceError `ERR_MILLRACE_INVALID_ARGUMENT`; `details.rule` has what jq says of it
 */
export async function checkedQuery(program: unknown): Promise<string> {
  if (typeof program !== 'string' || program.trim() === '' || program.includes('\0')) {
    throw invalidArgument('query', program, 'a program of jq')
  }
  if (program.length > programLengthMax) {
    throw invalidArgument('query', program, `a program of jq of at most ${programLengthMax} characters`)
  }
  const complaint = await complaintOf(program)
  if (complaint === undefined) return program
  throw invalidArgument('query', program, `a program of jq, which says ${JSON.stringify(brief(complaint))}`)
}

async function complaintOf(program: string): Promise<string | undefined> {
  const threads = queryThreads()
  const request: QueryRequest = { kind: 'check', program }
  try {
    return await threads.request<string | undefined>(request, { limitMs: checkMs })
  } catch (error) {
    if (error instanceof ThreadFailure && (error.reason === 'late' || error.reason === 'memory'))
      return error.message
    throw error
  } finally {
    await threads.close()
  }
}

/** Without what jq writes around its messages. */
function brief(complaint: string): string {
  return complaint
    .replace(/\njq: \d+ compile errors?\s*$/, '')
    .replaceAll(/^jq: error: /gm, '')
    .replace(' (Unix shell quoting issues?)', '')
    .trim()
}
