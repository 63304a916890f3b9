import type { KinesisClient } from '@aws-sdk/client-kinesis'
import { MillraceError } from '../../errors.ts'
import { usageError } from '../failure.ts'

/** What TLS says of a certificate that nobody vouches for. */
const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** Has every call of a client say why its endpoint was not reached, where that is what went wrong. */
export function explainReaching(client: KinesisClient, place: string): void {
  client.middlewareStack.add(
    (next) => async (input) => {
      try {
        return await next(input)
      } catch (error) {
        throw explained(error, place)
      }
    },
    // Outside of the SDK's own: what it tries again is not told of.
    { step: 'initialize', priority: 'high', name: 'explainReaching' },
  )
}

/** A failure of the way to an endpoint, with its cause first; any other error as it is. */
export function explained(error: unknown, place: string): unknown {
  if (!(error instanceof Error)) return error
  if (error.message === 'Region is missing') {
    return usageError('--endpoint aws needs a region: --region, AWS_REGION or a profile with one', error)
  }
  // Over HTTP/2 the request that was not sent fails, because the connection did.
  const { cause = error } = error
  const { code = '', message, syscall } = cause as NodeJS.ErrnoException
  if (syscall === undefined && !isOfTls(code)) return error
  const hint = untrusted.has(code) ? '; NODE_EXTRA_CA_CERTS names the file of one to trust' : ''
  const what = isOfTls(code) ? `the certificate of ${place} is not trusted` : `${place} cannot be reached`
  return new MillraceError('ERR_MILLRACE_IO', `${what}: ${message}${hint}`, {
    cause: error,
    details: { endpoint: place, code },
  })
}

function isOfTls(code: string): boolean {
  return untrusted.has(code) || code.startsWith('CERT_') || code.startsWith('ERR_TLS_CERT')
}
