import type { StreamKey } from '../../meta/commands.ts'
import { streamArn } from '../../streams/stream-arn.ts'
import type { Credential } from '../credential.ts'
import type { Access } from '../policy.ts'
import { Fault } from '../wire/fault.ts'
import { keyInConsumerArn } from './consumer-target.ts'
import { keyInStreamToken } from './list-token.ts'
import { keyInIterator } from './shard-token.ts'
import { keyInArn } from './stream-target.ts'

/** What an operation asks of a policy. */
export interface OperationAccess {
  /** `any`: whoever may do anything at all with the stream. */
  readonly access: Access | 'any'
  /**
   * `stream`: the streams that the input names. `account`: every stream, as the operation tells of, or changes, what
   * they share. `listing`: none; the answer has what the caller may see.
   */
  readonly of: 'stream' | 'account' | 'listing'
}

const seen: OperationAccess = { access: 'any', of: 'stream' }
const read: OperationAccess = { access: 'read', of: 'stream' }
const write: OperationAccess = { access: 'write', of: 'stream' }
const admin: OperationAccess = { access: 'admin', of: 'stream' }
const accountSeen: OperationAccess = { access: 'any', of: 'account' }
const accountAdmin: OperationAccess = { access: 'admin', of: 'account' }

/** What each operation asks of a policy. One that is not here is allowed to nobody. */
export const operationAccess: Readonly<Record<string, OperationAccess>> = {
  AddTagsToStream: admin,
  CreateChannel: accountAdmin,
  CreateStream: admin,
  DecreaseStreamRetentionPeriod: admin,
  DeleteChannel: accountAdmin,
  DeleteResourcePolicy: admin,
  DeleteStream: admin,
  // Takes the stream away from whoever reads through the consumer.
  DeregisterStreamConsumer: admin,
  DescribeAccountSettings: accountSeen,
  DescribeChannel: accountSeen,
  DescribeLimits: accountSeen,
  DescribeStream: seen,
  DescribeStreamConsumer: seen,
  DescribeStreamSummary: seen,
  DisableEnhancedMonitoring: admin,
  EnableEnhancedMonitoring: admin,
  GetRecords: read,
  // Policies name other people.
  GetResourcePolicy: admin,
  GetShardIterator: read,
  IncreaseStreamRetentionPeriod: admin,
  ListChannels: accountSeen,
  ListShards: seen,
  ListStreamConsumers: seen,
  ListStreams: { access: 'any', of: 'listing' },
  ListTagsForResource: seen,
  ListTagsForStream: seen,
  MergeShards: admin,
  PutRecord: write,
  PutRecords: write,
  PutResourcePolicy: admin,
  // Whoever reads by enhanced fan-out registers itself, as the Kinesis Client Library does.
  RegisterStreamConsumer: read,
  RemoveTagsFromStream: admin,
  SplitShard: admin,
  StartStreamEncryption: admin,
  StopStreamEncryption: admin,
  SubscribeToShard: read,
  TagResource: admin,
  UntagResource: admin,
  UpdateAccountSettings: accountAdmin,
  UpdateChannel: accountAdmin,
  UpdateMaxRecordSize: admin,
  UpdateShardCount: admin,
  UpdateStreamMode: admin,
  UpdateStreamRecordDistributionStrategy: admin,
  UpdateStreamWarmThroughput: admin,
}

/** A verified caller. */
export interface KnownCaller {
  readonly credential: Credential
  readonly account: string
  readonly region: string
}

/**
 * Lets a call pass only if the caller's policy allows it for every stream that the input names: by name, by any ARN, in a
 * shard iterator or a token of a listing. Streams of other accounts are never allowed. An input that names none is for
 * whoever may do this with every stream: nobody learns by it what exists.
 *
 * @throws `AccessDeniedException`
 */
export function requireAccess(operation: string, input: unknown, caller: KnownCaller): void {
  const needed = operationAccess[operation]
  const { policy } = caller.credential
  if (needed?.of === 'listing') return
  if (needed === undefined) throw denied(operation, '*', caller)
  const named = needed.of === 'account' ? [] : namedIn(input as Naming)
  if (named.length === 0) {
    if (policy.allowsAll(needed.access)) return
    throw denied(operation, '*', caller)
  }
  for (const { key, text } of named.map((name) => resolved(name, caller))) {
    if (key?.account === caller.account && policy.allows(needed.access, key.name)) continue
    // What names nothing is refused by the operation, in its own words, to whoever may know.
    if (key === undefined && policy.allowsAll(needed.access)) continue
    throw denied(operation, text, caller)
  }
}

/** The members by which inputs name streams. */
interface Naming {
  readonly StreamName?: string
  readonly StreamARN?: string
  readonly ConsumerARN?: string
  readonly ResourceARN?: string
  readonly ShardIterator?: string
  readonly NextToken?: string
}

/** One of them: a name within the caller's account, or whatever has the stream's whole key in it. */
type Named = { readonly name: string } | { readonly key: StreamKey | undefined; readonly text: string }

function namedIn(input: Naming): Named[] {
  const { StreamName: name, ShardIterator: iterator, NextToken: token } = input
  const named: Named[] = name === undefined ? [] : [{ name }]
  for (const arn of [input.StreamARN, input.ConsumerARN, input.ResourceARN]) {
    if (arn !== undefined) named.push({ key: keyInArn(arn) ?? keyInConsumerArn(arn), text: arn })
  }
  if (iterator !== undefined) named.push(sealed(keyInIterator(iterator)))
  if (token !== undefined) named.push(sealed(keyInStreamToken(token)))
  return named
}

function sealed(key: StreamKey | undefined): Named {
  return { key, text: key === undefined ? '*' : streamArn(key) }
}

function resolved(named: Named, { account, region }: KnownCaller): Extract<Named, { readonly text: string }> {
  if (!('name' in named)) return named
  const key = { account, region, name: named.name }
  return { key, text: streamArn(key) }
}

/** In AWS's words (AWS IAM User Guide, "Troubleshoot access denied error messages"). */
function denied(operation: string, resource: string, { credential, account }: KnownCaller): Fault {
  return new Fault(
    'AccessDeniedException',
    `User: arn:aws:iam::${account}:user/${credential.accessKeyId} is not authorized to perform: kinesis:${operation} on ` +
      `resource: ${resource} because no identity-based policy allows the kinesis:${operation} action`,
  )
}
