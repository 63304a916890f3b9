import { MillraceError } from '../../src/index.ts'

/** The code of the error that a call ends with; undefined if it ends well. Other errors pass through. */
export async function codeOf(call: () => unknown): Promise<string | undefined> {
  try {
    await call()
    return undefined
  } catch (error) {
    if (error instanceof MillraceError) return error.code
    throw error
  }
}

/** Whether a call within which nothing can be waited for met the log of an idle shard that is being opened again. */
export function isOpening(error: unknown): boolean {
  return error instanceof MillraceError && error.code === 'ERR_MILLRACE_BACKLOG'
}
