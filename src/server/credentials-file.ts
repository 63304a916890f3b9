import { stat } from 'node:fs/promises'
import type { CredentialOptions } from '../aws/credential.ts'
import { MillraceError } from '../errors.ts'
import { readSmallFile } from '../small-file.ts'
import { keyringOf } from './credential-options.ts'

/** What a file of credentials holds. */
export interface CredentialsFile {
  /** Checked. */
  readonly credentials: readonly CredentialOptions[]
  /** What whoever starts a server should know of the file; `undefined` if there is nothing. */
  readonly warning: string | undefined
}

/**
 * Reads a file of JSON with a list of credentials. No message has a word of what is in it but names of fields.
 *
 * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`, and the system's error if the file cannot
 * be read. What is no regular file is refused.
 */
export async function readCredentialsFile(file: string): Promise<CredentialsFile> {
  const credentials = parsed(readSmallFile(file), file)
  try {
    keyringOf(credentials)
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    throw new MillraceError(error.code, `${file}: ${error.message}`, { details: error.details })
  }
  return { credentials: credentials as readonly CredentialOptions[], warning: await warningOf(file) }
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own words quote the text, secrets and all.
    throw new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', `${file} is no JSON`, { details: { file } })
  }
}

async function warningOf(file: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  const { mode } = await stat(file)
  if ((mode & 0o077) === 0) return undefined
  return `${file} can be read by others than its owner (mode ${(mode & 0o777).toString(8)}): chmod 600 it`
}
