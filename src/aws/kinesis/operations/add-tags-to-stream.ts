import type { Operation } from '../call.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'
import { tagsOf } from '../tag-output.ts'

interface Input extends StreamTarget {
  readonly Tags: ReadonlyMap<string, string>
}

/** Adds tags to a stream, or replaces their values. */
export const addTagsToStream: Operation = {
  name: 'AddTagsToStream',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    await stream.settings.tag(tagsOf(input.Tags))
  },
}
