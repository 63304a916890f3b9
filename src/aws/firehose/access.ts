import { deliveryStreamArn } from '../../firehose/delivery-key.ts'
import type { DeliveryKey } from '../../firehose/delivery-stream-state.ts'
import type { KnownCaller, OperationAccess } from '../kinesis/access.ts'
import { keyInArn } from '../kinesis/stream-target.ts'
import { Fault } from '../wire/fault.ts'

const seen: OperationAccess = { access: 'any', of: 'stream' }
const write: OperationAccess = { access: 'write', of: 'stream' }
const admin: OperationAccess = { access: 'admin', of: 'stream' }

/**
 * What each operation asks of a policy: a line of it covers streams and delivery streams of the names that it has. An
 * operation that is not here is allowed to nobody.
 */
export const operationAccess: Readonly<Record<string, OperationAccess>> = {
  CreateDeliveryStream: admin,
  DeleteDeliveryStream: admin,
  DescribeDeliveryStream: seen,
  ListDeliveryStreams: { access: 'any', of: 'listing' },
  ListTagsForDeliveryStream: seen,
  PutRecord: write,
  PutRecordBatch: write,
  StartDeliveryStreamEncryption: admin,
  StopDeliveryStreamEncryption: admin,
  TagDeliveryStream: admin,
  UntagDeliveryStream: admin,
  UpdateDestination: admin,
}

/**
 * Lets a call pass only if the caller's policy allows it for the delivery stream that the input names.
 *
 * @throws `AccessDeniedException`
 */
export function requireAccess(operation: string, input: unknown, caller: KnownCaller): void {
  const needed = operationAccess[operation]
  if (needed?.of === 'listing') return
  const { DeliveryStreamName: name = '' } = input as { readonly DeliveryStreamName?: string }
  if (needed !== undefined && caller.credential.policy.allows(needed.access, name)) return
  throw denied(operation, { account: caller.account, region: caller.region, name }, caller)
}

/** Whether a caller may have the records of a stream read: one of the own account that the policy lets it read. */
export function mayRead(streamArn: string, { credential, account }: KnownCaller): boolean {
  const key = keyInArn(streamArn)
  return key?.account === account && credential.policy.allows('read', key.name)
}

/** In AWS's words (AWS IAM User Guide, "Troubleshoot access denied error messages"). */
function denied(operation: string, key: DeliveryKey, { credential, account }: KnownCaller): Fault {
  return new Fault(
    'AccessDeniedException',
    `User: arn:aws:iam::${account}:user/${credential.accessKeyId} is not authorized to perform: firehose:${operation} on ` +
      `resource: ${deliveryStreamArn(key)} because no identity-based policy allows the firehose:${operation} action`,
  )
}
