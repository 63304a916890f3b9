import { streamArn } from '../../streams/stream-arn.ts'
import type { Stream } from '../../streams/stream.ts'
import type { Tag } from '../../meta/settings.ts'
import { invalidArgumentFault, notFoundFault } from '../wire/fault.ts'
import type { Call } from './call.ts'
import { keyInConsumerArn } from './consumer-target.ts'
import { keyInArn, streamOfTarget } from './stream-target.ts'

/** How an input names a stream or a consumer. */
export interface ResourceTarget {
  readonly ResourceARN: string
  /** In the model, and explained nowhere: refused by name. */
  readonly StreamId?: string
}

/** What can have tags and a policy: a stream or a consumer. */
export interface Resource {
  tags(): readonly Tag[]
  tag(tags: Readonly<Record<string, string>>): Promise<void>
  untag(keys: readonly string[]): Promise<void>
  policy(): string | undefined
  setPolicy(policy: string): Promise<void>
  /** Answers whether there was one. */
  deletePolicy(): Promise<boolean>
}

/** The stream or consumer that an ARN names. @throws `ResourceNotFoundException` */
export function resourceOf(target: ResourceTarget, call: Call): Resource {
  const { ResourceARN: arn, StreamId: id } = target
  if (id !== undefined)
    throw invalidArgumentFault('StreamId is not supported: name the resource by ResourceARN.')
  if (keyInArn(arn) !== undefined) {
    return ofStream(streamOfTarget({ StreamARN: arn }, call).stream)
  }
  const key = keyInConsumerArn(arn)
  if (key === undefined) throw notFoundFault(`Resource ${arn} not found.`)
  const { stream } = streamOfTarget({ StreamARN: streamArn(key) }, call)
  stream.consumers.get(arn)
  return ofConsumer(stream, arn)
}

function ofStream({ settings }: Stream): Resource {
  return {
    tags: () => settings.tags,
    tag: (tags) => settings.tag(tags),
    untag: (keys) => settings.untag(keys),
    policy: () => settings.policy,
    setPolicy: (policy) => settings.setPolicy(policy),
    deletePolicy: () => settings.deletePolicy(),
  }
}

function ofConsumer({ consumers }: Stream, arn: string): Resource {
  return {
    tags: () => consumers.get(arn).tags,
    tag: (tags) => consumers.tag(arn, tags),
    untag: (keys) => consumers.untag(arn, keys),
    policy: () => consumers.get(arn).policy,
    setPolicy: (policy) => consumers.setPolicy(arn, policy),
    deletePolicy: () => consumers.deletePolicy(arn),
  }
}
