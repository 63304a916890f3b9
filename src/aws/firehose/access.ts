import { deliveryStreamArn } from '../../firehose/delivery-key.ts'
import { keyInArn } from '../kinesis/stream-target.ts'
import {
  accessDenied,
  type AccessTable,
  admin,
  type KnownCaller,
  listing,
  seen,
  write,
} from '../operation-access.ts'

/**
 * What each operation asks of a policy: a line of it covers streams and delivery streams of the names that it has. Those
 * that have a stream delivered ask `requireReadable` for the stream, too.
 */
export const operationAccess: AccessTable = {
  CreateDeliveryStream: admin,
  DeleteDeliveryStream: admin,
  DescribeDeliveryStream: seen,
  ListDeliveryStreams: listing,
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
  const { account, region } = caller
  throw accessDenied(`firehose:${operation}`, deliveryStreamArn({ account, region, name }), caller)
}

/**
 * Lets a call pass only if the caller may have the records of a stream read: it is of the own account, and the policy lets
 * it be read.
 *
 * @throws `AccessDeniedException`
 */
export function requireRead(streamArn: string, caller: KnownCaller): void {
  const key = keyInArn(streamArn)
  if (key?.account === caller.account && caller.credential.policy.allows('read', key.name)) return
  throw accessDenied('kinesis:GetRecords', streamArn, caller)
}
