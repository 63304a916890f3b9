import { MillraceError } from '../errors.ts'
import { readSmallFile } from '../small-file.ts'
import { usageError } from './failure.ts'

/**
 * The text of the file that an option names.
 *
 * @param option as on the command line
 */
export function readOptionFile(option: string, file: string): string {
  try {
    return readSmallFile(file)
  } catch (error) {
    // What is no file to read text from.
    if (error instanceof MillraceError) throw usageError(`${option}: ${error.message}`, error)
    throw unreadable(option, file, error)
  }
}

/**
 * What to throw when the file that an option names cannot be read: a wrong value of the option. Errors that
 * are not the system's are thrown as they are.
 *
 * @param option as on the command line
 */
export function unreadable(option: string, file: string, error: unknown): unknown {
  const { syscall, code = '', message } = error as NodeJS.ErrnoException
  if (syscall === undefined) return error
  // The system's words are `ENOENT: no such file or directory, open 'nope'`.
  const why = message.replace(`${code}: `, '').replace(/, \w+( '.*')?$/s, '')
  return usageError(`${option}: ${file}: ${why}`, error)
}
