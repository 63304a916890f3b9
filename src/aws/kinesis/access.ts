import type { StreamKey } from '../../meta/commands.ts'
import { streamArn } from '../../streams/stream-arn.ts'
import {
  accessDenied,
  type AccessTable,
  accountAdmin,
  accountSeen,
  admin,
  type KnownCaller,
  listing,
  read,
  seen,
  write,
} from '../operation-access.ts'
import { accountInChannelArn } from './channel/target.ts'
import { keyInConsumerArn } from './consumer-target.ts'
import { keyInStreamToken } from './list-token.ts'
import { keyInIterator } from './shard-token.ts'
import { keyInArn } from './stream-target.ts'

/** What each operation asks of a policy. */
export const operationAccess: AccessTable = {
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
  ListStreams: listing,
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
  const action = `kinesis:${operation}`
  if (needed?.of === 'listing') return
  if (needed === undefined) throw accessDenied(action, '*', caller)
  if (needed.of === 'account') requireOwnChannel(action, input as Naming, caller)
  const named = needed.of === 'account' ? [] : namedIn(input as Naming)
  if (named.length === 0) {
    if (policy.allowsAll(needed.access)) return
    throw accessDenied(action, '*', caller)
  }
  for (const { key, text } of named.map((name) => resolved(name, caller))) {
    if (key?.account === caller.account && policy.allows(needed.access, key.name)) continue
    // What names nothing is refused by the operation, in its own words, to whoever may know.
    if (key === undefined && policy.allowsAll(needed.access)) continue
    throw accessDenied(action, text, caller)
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
  readonly ChannelARN?: string
}

/** Channels are the account's, and of this one only. What names none is refused by the operation, in its own words. */
function requireOwnChannel(action: string, { ChannelARN: arn }: Naming, caller: KnownCaller): void {
  const owner = arn === undefined ? undefined : accountInChannelArn(arn)
  if (arn === undefined || owner === undefined || owner === caller.account) return
  throw accessDenied(action, arn, caller)
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
