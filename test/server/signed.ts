import { KinesisClient } from '@aws-sdk/client-kinesis'
import type { CredentialOptions } from '../../src/aws/credential.ts'
import type { SdkRequest } from '../../src/aws/request-handler.ts'
import type { WireRequest } from '../../src/aws/wire/exchange.ts'

/** Who signs, for where, and for which protocol. */
export interface Signing {
  readonly credentials: CredentialOptions
  readonly region?: string
  readonly protocol?: 'h2' | 'http/1.1'
}

/** A request as the SDK signed it, for one protocol or the other. */
export async function signedRequest(
  send: (client: KinesisClient) => Promise<unknown>,
  { credentials, region = 'eu-west-1', protocol = 'h2' }: Signing,
): Promise<WireRequest> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  let taken: WireRequest | undefined
  const client = new KinesisClient({
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    endpoint: 'http://127.0.0.1:4567',
    maxAttempts: 1,
    requestHandler: {
      metadata: { handlerProtocol: protocol },
      handle: (request: SdkRequest) => {
        const { method, headers, body } = request
        const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
        taken = {
          method,
          query: '',
          headers: Object.fromEntries(lower) as Record<string, string>,
          body: body as Uint8Array | string,
        }
        return Promise.reject(new Error('taken'))
      },
    },
  })
  await send(client).catch(() => undefined)
  client.destroy()
  if (taken === undefined) throw new Error('the SDK sent nothing')
  return taken
}
