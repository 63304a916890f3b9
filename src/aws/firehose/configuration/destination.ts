import type { DeliveryConfiguration } from '../../../firehose/configuration.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { DestinationMembers, ExtendedS3Members, HttpMembers, S3Members } from '../members.ts'
import type { Catalog } from './conversion.ts'
import { httpDeliveryOf } from './http.ts'
import { s3DeliveryOf } from './s3.ts'
import { unsupported } from './unsupported.ts'

/** All destinations of AWS, by what their members begin with; `true`: done here. */
const destinations: Readonly<Record<string, boolean>> = {
  S3: true,
  ExtendedS3: true,
  HttpEndpoint: true,
  Redshift: false,
  Elasticsearch: false,
  Amazonopensearchservice: false,
  AmazonOpenSearchServerless: false,
  Splunk: false,
  Snowflake: false,
  Iceberg: false,
}

/** What a member that names a destination ends with: one of creations, or of updates. */
export type DestinationForm = 'DestinationConfiguration' | 'DestinationUpdate'

/**
 * The one destination that a request has.
 *
 * @returns what it is called, and its members
 */
export function oneDestination(
  input: Readonly<Record<string, unknown>>,
  form: DestinationForm,
): readonly ['S3' | 'ExtendedS3' | 'HttpEndpoint', unknown] {
  const given = Object.keys(destinations).filter((name) => input[name + form] !== undefined)
  const [name] = given
  if (name === undefined || given.length > 1) {
    throw invalidArgumentFault('Exactly one destination configuration is supported for a Firehose')
  }
  if (destinations[name] !== true) {
    const done = Object.keys(destinations).filter((each) => destinations[each] === true)
    throw unsupported(name + form, `use ${done.map((each) => each + form).join(', ')}`)
  }
  return [name as 'S3' | 'ExtendedS3' | 'HttpEndpoint', input[name + form]]
}

/** The destination that a creation has. */
export function createdDestination(input: Readonly<Record<string, unknown>>): DestinationMembers {
  const [name, members] = oneDestination(input, 'DestinationConfiguration')
  if (name === 'HttpEndpoint') return { kind: 'http', members: members as HttpMembers }
  return { kind: 's3', members: members as S3Members | ExtendedS3Members }
}

/** What a delivery stream with this destination does. */
export function deliveryOf(
  destination: DestinationMembers,
  catalog: Catalog,
): Omit<DeliveryConfiguration, 'source'> {
  return destination.kind === 'http'
    ? httpDeliveryOf(destination.members)
    : s3DeliveryOf(destination.members, catalog)
}
