import type { SourceConfiguration } from '../../firehose/configuration.ts'
import type { DeliveryEncryption } from '../../firehose/delivery-stream-state.ts'
import { invalidArgumentFault } from '../wire/fault.ts'
import type { EncryptionInputMembers } from './members.ts'

/** What a request asks for; a key of AWS's own, unless it says otherwise (AWS API model). */
export function encryptionOf(
  source: SourceConfiguration,
  members: EncryptionInputMembers = { KeyType: 'AWS_OWNED_CMK' },
): DeliveryEncryption {
  requireDirect(source)
  const { KeyType: keyType, KeyARN: keyArn } = members
  if (keyType === 'CUSTOMER_MANAGED_CMK') {
    if (keyArn !== undefined) return { keyType, keyArn }
    throw invalidArgumentFault('KeyARN has to be specified when KeyType is CUSTOMER_MANAGED_CMK')
  }
  if (keyArn === undefined) return { keyType }
  throw invalidArgumentFault('KeyARN cannot be specified when KeyType is AWS_OWNED_CMK')
}

/** Records that come from a stream are as safe as that is. @throws `InvalidArgumentException` */
export function requireDirect(source: SourceConfiguration): void {
  if (source.kind === 'direct') return
  throw invalidArgumentFault(
    'Server side encryption from firehose is only allowed for direct put delivery streams and database as a source ' +
      'delivery streams',
  )
}
