import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { MillraceError } from './errors.ts'
import { MiB } from './units.ts'

/** Settings, credentials, certificates and keys are shorter by far, bytes. */
export const smallFileBytesMax: number = 4 * MiB

/**
 * Reads a short text that somebody named on a command line. A pipe or a device is refused: it could stop the process where
 * no signal reaches it, or go on for ever.
 *
 * @throws the system's error, and `ERR_MILLRACE_INVALID_ARGUMENT` for what is no regular file, or too long
 */
export function readSmallFile(file: string): string {
  // Opened without waiting for whoever writes to a pipe. There is no such flag on Windows.
  const descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw refused(file, 'a regular file')
    if (stats.size > smallFileBytesMax) throw refused(file, `a file of ${smallFileBytesMax} bytes at most`)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

function refused(file: string, rule: string): MillraceError {
  return new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', `${file} must be ${rule}`, {
    details: { file, rule },
  })
}
