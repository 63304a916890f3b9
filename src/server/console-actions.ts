import { requireFewValues } from '../aws/wire/value-bound.ts'
import { invalidArgument } from '../errors.ts'
import { requireInteger, requireOneOf, requireOptions } from '../options.ts'
import type { Account } from '../streams/account.ts'
import type { ConsoleRight, ConsoleTarget } from './console-access.ts'

/** What an action may be told; each takes some of it and refuses the rest. */
type Body = Readonly<Record<string, unknown>>

/** Something that the console does to a stream. */
export interface ConsoleAction {
  readonly right: ConsoleRight
  /** The keys that the body of its request may have. */
  readonly keys: readonly string[]
  /** Does it, and answers what the page is told. Rejects as the method that it calls. */
  act(account: Account, target: ConsoleTarget, body: Body): Promise<unknown>
}

/** What the console can do, by the last part of the path. */
export const consoleActions: Readonly<Record<string, ConsoleAction>> = {
  create: {
    right: 'admin',
    keys: ['shards', 'mode', 'retentionHours', 'maxRecordBytes'],
    async act(account, { name }, body) {
      const stream = await account.createStream(name, body)
      return { created: stream.name }
    },
  },
  put: {
    right: 'write',
    keys: ['partitionKey', 'explicitHashKey', 'data', 'encoding'],
    async act(account, { name }, body) {
      const { partitionKey, explicitHashKey, encoding = 'utf8' } = body
      const data = payloadOf(body['data'], requireOneOf('encoding', encoding, ['utf8', 'base64']))
      const hashKey =
        explicitHashKey === undefined ? undefined : requireText('explicitHashKey', explicitHashKey)
      const stored = await account.stream(name).put(
        // A stream whose keys do not count takes records without one; others refuse them.
        partitionKey === undefined ? undefined : requireText('partitionKey', partitionKey),
        data,
        hashKey === undefined ? undefined : { explicitHashKey: hashKey },
      )
      return { shardId: stored.shardId, sequenceNumber: stored.sequenceNumber }
    },
  },
  split: {
    right: 'admin',
    keys: ['shardId', 'newStartingHashKey'],
    async act(account, { name }, { shardId, newStartingHashKey }) {
      const children = await account
        .stream(name)
        .splitShard(requireText('shardId', shardId), requireText('newStartingHashKey', newStartingHashKey))
      return { shards: children.map((child) => child.shardId) }
    },
  },
  merge: {
    right: 'admin',
    keys: ['shardId', 'adjacentShardId'],
    async act(account, { name }, { shardId, adjacentShardId }) {
      const child = await account
        .stream(name)
        .mergeShards(requireText('shardId', shardId), requireText('adjacentShardId', adjacentShardId))
      return { shards: [child.shardId] }
    },
  },
  'shard-count': {
    right: 'admin',
    keys: ['target'],
    async act(account, { name }, { target }) {
      const shards = await account.stream(name).updateShardCount(requireInteger('target', target, 1, 10_000))
      return { openShards: shards.length }
    },
  },
  monitoring: {
    right: 'admin',
    keys: ['enabled'],
    async act(account, { name }, { enabled }) {
      const { settings } = account.stream(name)
      if (enabled === true) await settings.enableMonitoring(['ALL'])
      else if (enabled === false) await settings.disableMonitoring(['ALL'])
      else throw invalidArgument('enabled', enabled, 'true or false')
      return { enabled }
    },
  },
  delete: {
    right: 'admin',
    keys: ['confirm', 'withConsumers'],
    async act(account, { name }, { confirm, withConsumers = false }) {
      // Typed by somebody who was asked: a request that was made by accident does not have it.
      if (confirm !== name) throw invalidArgument('confirm', confirm, `the name of the stream, ${name}`)
      await account.deleteStream(name, { enforceConsumerDeletion: withConsumers as boolean })
      return { deleted: name }
    },
  },
}

/** The body of a request, which holds what the action takes and nothing else. */
export function actionBody(name: string, { keys }: ConsoleAction, bytes: Uint8Array): Body {
  let body: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    requireFewValues(text)
    body = JSON.parse(text)
  } catch {
    throw invalidArgument('body', Buffer.from(bytes.subarray(0, 80)).toString(), 'JSON in UTF-8')
  }
  requireOptions(`${name} body`, body, keys)
  return body as Body
}

function payloadOf(data: unknown, encoding: 'utf8' | 'base64'): Uint8Array {
  const text = requireText('data', data)
  const bytes = Buffer.from(text, encoding)
  // Node leaves out what is no base64; a put must not.
  if (encoding === 'base64' && bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw invalidArgument('data', text, 'base64')
  }
  return bytes
}

function requireText(field: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw invalidArgument(field, value, 'a text')
}
