import type { Consumer, Shard, StreamDescriptionSummary } from '@aws-sdk/client-kinesis'
import { time } from '../figures.ts'
import type { Endpoint } from './endpoint.ts'
import { described } from './endpoint-words.ts'

/** All that an endpoint tells of one stream. */
export interface InspectedStream extends StreamDescriptionSummary {
  readonly Shards: readonly Shard[]
  readonly Consumers: readonly Consumer[]
}

/** Its streams, or one of them. */
export async function inspectEndpoint(
  endpoint: Endpoint,
  name: string | undefined,
): Promise<readonly InspectedStream[]> {
  const streams = name === undefined ? await endpoint.list() : [await endpoint.describe(name)]
  const found: InspectedStream[] = []
  for (const stream of streams) {
    const Shards = await endpoint.stream(stream.StreamName ?? '').shards()
    found.push({ ...stream, Shards, Consumers: await endpoint.consumers(stream.StreamARN ?? '') })
  }
  return found
}

/** The same for people. */
export function inWords(streams: readonly InspectedStream[]): readonly string[] {
  if (streams.length === 0) return ['no streams']
  return streams.flatMap((stream) => [
    ...described(stream, stream.Shards),
    ...stream.Consumers.map(
      ({ ConsumerName, ConsumerStatus, ConsumerCreationTimestamp }) =>
        `consumer ${ConsumerName ?? ''}, ${ConsumerStatus ?? ''}, since ${time(ConsumerCreationTimestamp?.getTime() ?? 0)}`,
    ),
    '',
  ])
}
