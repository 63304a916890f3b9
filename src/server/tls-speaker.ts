import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer, type Server as TlsServer } from 'node:tls'
import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import type { HttpLimits } from './http-limits.ts'
import { type Certificate, selfSigned } from './self-signed.ts'
import type { ChosenTls } from './tls-options.ts'

/** What speaks TLS, and where the certificate lies if it is one that signs itself. */
export interface TlsSpeaker {
  readonly server: TlsServer
  readonly certFile: string | undefined
  /** Nobody speaks any more: takes along what was made for this server alone. */
  close(): Promise<void>
}

/**
 * Makes the server that takes over connections of TLS, for HTTP/1.1 and HTTP/2.
 *
 * Rejects with `ERR_MILLRACE_INVALID_ARGUMENT` if certificate and key do not belong together.
 */
export async function tlsSpeaker(
  tls: NonNullable<ChosenTls>,
  host: string,
  { limits, clock }: { readonly limits: HttpLimits; readonly clock: Clock },
): Promise<TlsSpeaker> {
  const made = 'cert' in tls || tls.folder !== undefined ? undefined : await temporaryFolder()
  const close = async (): Promise<void> => {
    if (made !== undefined) await rm(made, { recursive: true, force: true })
  }
  const certificate: Certificate & { readonly certFile?: string } =
    'cert' in tls
      ? tls
      : await selfSigned(tls.folder ?? (made as string), host, clock).catch(async (error: unknown) => {
          await close()
          throw error
        })
  const { cert, key, certFile } = certificate
  try {
    const server = createServer({
      cert,
      key,
      ALPNProtocols: ['h2', 'http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: limits.headersMs,
    })
    return { server, certFile, close }
  } catch (cause) {
    const { code = 'unreadable' } = cause as NodeJS.ErrnoException
    throw new MillraceError(
      'ERR_MILLRACE_INVALID_ARGUMENT',
      `tls: certificate and key cannot be used (${code})`,
      {
        details: { field: 'tls', rule: 'a certificate and its private key' },
      },
    )
  }
}

function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'millrace-tls-'))
}
