import { invalidArgument } from '../errors.ts'
import type { StreamKey } from '../meta/commands.ts'
import { streamId } from '../meta/state.ts'
import { isInternal } from '../streams/internal-streams.ts'
import type { StoreInside } from '../streams/store-inside.ts'
import { streamNotFound } from '../streams/store-refusals.ts'
import type { FirehoseOptions } from './firehose-options.ts'

const arnOfStream = /^arn:aws[a-z-]*:kinesis:([a-z0-9-]{1,64}):(\d{12}):stream\/([a-zA-Z0-9_.-]{1,128})$/

/** The stream that an ARN names. @throws `ERR_MILLRACE_INVALID_ARGUMENT` */
export function streamKeyOf(arn: string): StreamKey {
  const [, region, account, name] = arnOfStream.exec(arn) ?? []
  if (region === undefined || account === undefined || name === undefined) {
    throw invalidArgument('source.streamArn', arn, 'the ARN of a stream')
  }
  return { account, region, name }
}

/** Whether the stream is one of the store's users. */
export function isOwnStream({ meta }: Pick<StoreInside, 'meta'>, key: StreamKey): boolean {
  return !isInternal(key) && meta.state.streams.has(streamId(key))
}

/**
 * Whether there is such a source: a stream of the store, or perhaps one elsewhere.
 *
 * @throws `ERR_MILLRACE_STREAM_NOT_FOUND`, `ERR_MILLRACE_INVALID_ARGUMENT`
 */
export function requireSource(
  inside: Pick<StoreInside, 'meta'>,
  arn: string,
  { kinesis }: Pick<FirehoseOptions, 'kinesis'>,
): void {
  const key = streamKeyOf(arn)
  if (!isOwnStream(inside, key) && kinesis === undefined) throw streamNotFound(key)
}
