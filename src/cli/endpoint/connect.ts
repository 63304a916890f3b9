import type { KinesisClientConfig } from '@aws-sdk/client-kinesis'
import { MillraceError } from '../../errors.ts'
import { usageError } from '../failure.ts'
import { Endpoint, type Sdk } from './endpoint.ts'
import { explainReaching } from './reaching.ts'

/** Where the streams are, if not in a folder. */
export interface EndpointOptions {
  /** An address, or `aws` for AWS itself. */
  readonly endpoint: string
  readonly region?: string | undefined
}

/** For a server that does not check who calls. */
const anybody = { accessKeyId: '000000000000', secretAccessKey: 'none' }

/**
 * A client of a Kinesis endpoint. Credentials and region come from where every tool of AWS has them; for an
 * endpoint other than AWS's they may be missing.
 *
 * Rejects with `ERR_MILLRACE_UNSUPPORTED` if the SDK is not installed.
 */
export async function connect({ endpoint, region }: EndpointOptions): Promise<Endpoint> {
  const sdk = await loadSdk()
  const known = region ?? process.env['AWS_REGION'] ?? process.env['AWS_DEFAULT_REGION']
  const config: KinesisClientConfig = known === undefined ? {} : { region: known }
  if (endpoint === 'aws') {
    const client = new sdk.KinesisClient(config)
    explainReaching(client, 'AWS')
    return new Endpoint(sdk, client, 'AWS')
  }
  const local = hasCredentials() ? {} : { credentials: anybody }
  const client = new sdk.KinesisClient({
    region: 'us-east-1',
    ...config,
    ...local,
    endpoint: requireAddress(endpoint),
  })
  explainReaching(client, endpoint)
  return new Endpoint(sdk, client, endpoint)
}

async function loadSdk(): Promise<Sdk> {
  // It warns of its own plans for versions of Node; that is not what was asked.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true'
  try {
    return await import('@aws-sdk/client-kinesis')
  } catch (error) {
    throw new MillraceError(
      'ERR_MILLRACE_UNSUPPORTED',
      '--endpoint needs the AWS SDK, which is not installed: npm install @aws-sdk/client-kinesis',
      { cause: error, details: { command: 'npm install @aws-sdk/client-kinesis' } },
    )
  }
}

function requireAddress(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return endpoint
  throw usageError(`--endpoint must be an address such as http://127.0.0.1:4567, or aws; got ${endpoint}`)
}

/** Whether the environment says who calls, in any of the SDK's ways that need no network. */
function hasCredentials(): boolean {
  return ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'].some(
    (name) => process.env[name] !== undefined,
  )
}
