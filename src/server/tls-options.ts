import { invalidArgument, MillraceError } from '../errors.ts'
import { requireMatch, requireOptions } from '../options.ts'

/**
 * How a server speaks TLS: with a certificate that is given, PEM, or with one that signs itself and lies in a folder, made
 * if there is none or it ends; `true` means a new folder among the system's temporary ones, which goes with the server.
 */
export type TlsOptions =
  | boolean
  | { readonly cert: string; readonly key: string }
  | { readonly folder: string }

/** How a server speaks TLS, checked. `undefined`: not at all. */
export type ChosenTls =
  | { readonly cert: string; readonly key: string }
  | { readonly folder: string | undefined }
  | undefined

/** @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`; no message has a word of the key */
export function checkedTls(tls: unknown): ChosenTls {
  if (tls === undefined || tls === false) return undefined
  if (tls === true) return { folder: undefined }
  requireOptions('tls', tls, ['cert', 'key', 'folder'])
  const { cert, key, folder } = tls as Readonly<Record<string, unknown>>
  if (folder !== undefined) {
    if (cert !== undefined || key !== undefined) {
      throw invalidArgument('tls.folder', folder, 'absent where cert and key are given')
    }
    return { folder: requireMatch('tls.folder', folder, /^[^\0]+$/, 'the path of a folder') }
  }
  return {
    cert: requirePem('tls.cert', cert, /-----BEGIN /, 'a certificate, PEM'),
    key: requirePem('tls.key', key, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'a private key, PEM'),
  }
}

/** What is wrong may be the key, in another form or in the other one's place: it is not shown. */
function requirePem(field: string, value: unknown, pattern: RegExp, rule: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new MillraceError('ERR_MILLRACE_INVALID_ARGUMENT', `${field} must be ${rule}`, {
    details: { field, rule },
  })
}
