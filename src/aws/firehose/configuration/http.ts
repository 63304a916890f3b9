import { accessKeyBytesMax } from '../../../firehose/access-key.ts'
import type {
  DeliveryConfiguration,
  HttpDestination,
  RecordsDestination,
} from '../../../firehose/configuration.ts'
import { secondMs } from '../../../units.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { AttributeMembers, EndpointMembers, HttpMembers } from '../members.ts'
import { hintsOf, plainHints } from './hints.ts'
import { requireLogging } from './logging.ts'
import { processingOf } from './processing.ts'
import { retrySecondsUsual } from './s3.ts'
import { targetOf } from './target.ts'
import { unsupported } from './unsupported.ts'

/** Records for an HTTP endpoint, judged as a whole. */
export function httpDeliveryOf(members: HttpMembers): Omit<DeliveryConfiguration, 'source'> {
  const { EndpointConfiguration: endpoint, RequestConfiguration: request = {} } = members
  if (members.SecretsManagerConfiguration?.Enabled === true) {
    throw unsupported(
      'HttpEndpointDestinationConfiguration.SecretsManagerConfiguration',
      'use EndpointConfiguration.AccessKey',
    )
  }
  requireUrl(endpoint)
  requireLogging(members.CloudWatchLoggingOptions)
  const to: HttpDestination = {
    kind: 'http',
    url: endpoint.Url,
    name: endpoint.Name ?? '',
    ...(endpoint.AccessKey ? { accessKey: endpoint.AccessKey } : {}),
    commonAttributes: attributesOf(request.CommonAttributes ?? []),
    contentEncoding: request.ContentEncoding ?? 'NONE',
  }
  const destination: RecordsDestination = {
    kind: 'records',
    to,
    buffering: hintsOf(members.BufferingHints, plainHints),
    retryMs: (members.RetryOptions?.DurationInSeconds ?? retrySecondsUsual) * secondMs,
    backup: targetOf('S3Configuration', members.S3Configuration),
    backupOf: members.S3BackupMode === 'AllData' ? 'all' : 'failed',
  }
  return { processing: processingOf(members.ProcessingConfiguration, false), destination }
}

/** `http:` is allowed by the model that is used here, beside the `https:` of AWS. */
function requireUrl({ Url: url, AccessKey: accessKey }: EndpointMembers): void {
  if (!URL.canParse(url)) throw invalidArgumentFault('EndpointConfiguration.Url is no valid URL.')
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') {
    throw invalidArgumentFault(
      'EndpointConfiguration.Url has a user in it, which no request could be sent with.',
    )
  }
  requireHeader('EndpointConfiguration.AccessKey', accessKey ?? '')
}

/** It goes into a header, which has no place for some characters, and not for all bytes of 4,096 others. */
function requireHeader(member: string, value: string): void {
  if (Buffer.byteLength(value) > accessKeyBytesMax)
    throw invalidArgumentFault(`${member} has more than ${accessKeyBytesMax} bytes.`)
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (!/[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/.test(value)) return
  throw invalidArgumentFault(`${member} has characters that no header of HTTP can have.`)
}

function attributesOf(attributes: readonly AttributeMembers[]): HttpDestination['commonAttributes'] {
  const names = new Set<string>()
  for (const { AttributeName: name } of attributes) {
    if (names.has(name))
      throw invalidArgumentFault(`Http Endpoint Common Attributes have duplicate name ${name}`)
    names.add(name)
  }
  return attributes.map(({ AttributeName: name, AttributeValue: value }) => ({ name, value }))
}
