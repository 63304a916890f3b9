import type { Operation } from '../call.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'
import { tagOutput } from '../tag-output.ts'

const limitMax = 50

interface Input extends StreamTarget {
  readonly ExclusiveStartTagKey?: string
  readonly Limit?: number
}

/** The tags of a stream, in byte order of their keys. */
export const listTagsForStream: Operation = {
  name: 'ListTagsForStream',
  run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    const { ExclusiveStartTagKey: after, Limit: limit = limitMax } = input
    const { tags } = stream.settings
    const rest = after === undefined ? tags : tags.filter(({ key }) => isBehind(key, after))
    return { Tags: rest.slice(0, limit).map(tagOutput), HasMoreTags: rest.length > limit }
  },
}

function isBehind(key: string, after: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0
}
