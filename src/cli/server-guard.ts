import { join } from 'node:path'
import type { ServerOptions, TlsOptions } from '../server/index.ts'
import { usageError } from './failure.ts'
import { readOptionFile, unreadable } from './option-file.ts'

/** What `serve` is told of who may call, and how. */
export interface GuardSettings {
  readonly dir: string
  readonly memory?: boolean | undefined
  readonly credentials?: string
  readonly insecure?: boolean
  readonly allowHost: readonly string[]
  readonly tls?: boolean
  readonly tlsCert?: string
  readonly tlsKey?: string
}

/**
 * The same for the server: with what is in the files.
 *
 * @param warn told of files that others can read, of credentials that have expired, and of what has no effect
 */
export async function guardOf(
  settings: GuardSettings,
  warn: (message: string) => void,
): Promise<Pick<ServerOptions, 'credentials' | 'insecure' | 'allowedHosts' | 'tls'>> {
  return {
    credentials: await credentialsOf(settings, warn),
    insecure: settings.insecure,
    allowedHosts: settings.allowHost,
    tls: tlsOf(settings),
  }
}

async function credentialsOf(
  { credentials: file, allowHost }: GuardSettings,
  warn: (message: string) => void,
): Promise<ServerOptions['credentials']> {
  if (file === undefined) return undefined
  const { readCredentialsFile } = await import('../server/index.ts')
  const { credentials, warning } = await readCredentialsFile(file).catch((error: unknown) => {
    throw unreadable('--credentials', file, error)
  })
  if (warning !== undefined) warn(warning)
  for (const [index, { expiresAt }] of credentials.entries()) {
    if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()) {
      warn(`${file}: credentials[${index}] expired at ${expiresAt}: nobody can use it`)
    }
  }
  if (allowHost.length > 0) {
    warn('--allow-host has no effect beside --credentials: signatures say which host a request is for')
  }
  return credentials
}

function tlsOf({ tls, tlsCert, tlsKey, memory, dir }: GuardSettings): TlsOptions {
  if (tlsCert !== undefined && tlsKey !== undefined) {
    if (tls === false) throw usageError('--tls-cert is given, and TLS is turned off')
    return { cert: readOptionFile('--tls-cert', tlsCert), key: readOptionFile('--tls-key', tlsKey) }
  }
  if (tlsCert !== undefined || tlsKey !== undefined) throw usageError('--tls-cert and --tls-key go together')
  if (tls !== true) return false
  return memory ? true : { folder: join(dir, 'tls') }
}
