import { MillraceError } from '../errors.ts'
import type { StreamKey } from '../meta/commands.ts'
import { requireMatch } from '../options.ts'
import type { AccountKey } from '../streams/account.ts'
import { requireAccount } from '../streams/store-options.ts'
import { isChannelName } from './channel-key.ts'
import type { DeliveryKey, DeliveryStreamState } from './delivery-stream-state.ts'

/** Where the documents of delivery streams lie in the metadata. */
export const documentPrefix = 'firehose/'

/** The document of a delivery stream. No part can hold a slash. */
export function documentOf({ account, region, name }: DeliveryKey): string {
  return `${documentPrefix}${account}/${region}/${name}`
}

/** What the documents of an account's delivery streams begin with. */
export function documentsOf({ account, region }: AccountKey): string {
  return `${documentPrefix}${account}/${region}/`
}

/** The stream that holds what is put into a delivery stream. */
export function directLogKey({ account, region, name }: DeliveryKey): StreamKey {
  return { account, region, name: `firehose:${name}` }
}

/** The delivery stream as AWS writes it. */
export function deliveryStreamArn({ account, region, name }: DeliveryKey): string {
  return `arn:aws:firehose:${region}:${account}:deliverystream/${name}`
}

/**
 * A delivery stream of an account, by a name that AWS would take; or a channel, whose name has its prefix.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function requireDeliveryKey({ account, region, name }: DeliveryKey): DeliveryKey {
  const rule = '1 to 64 characters out of a-z, A-Z, 0-9, underscore, full stop and hyphen'
  if (typeof name === 'string' && isChannelName(name)) return { ...requireAccount({ account, region }), name }
  return {
    ...requireAccount({ account, region }),
    name: requireMatch('name', name, /^[a-zA-Z0-9_.-]{1,64}$/, rule),
  }
}

/** There is no such delivery stream. */
export function deliveryNotFound(key: DeliveryKey): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND',
    `there is no delivery stream ${key.name}`,
    { details: { ...key } },
  )
}

/** There is one of this name, perhaps DELETING. */
export function deliveryExists({ key }: DeliveryStreamState): MillraceError {
  return new MillraceError(
    'ERR_MILLRACE_DELIVERY_STREAM_EXISTS',
    `there is a delivery stream ${key.name} already`,
    { details: { ...key } },
  )
}
