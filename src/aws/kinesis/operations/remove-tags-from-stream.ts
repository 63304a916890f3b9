import type { Operation } from '../call.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly TagKeys: readonly string[]
}

/** Removes tags from a stream; keys that it does not have are passed over. */
export const removeTagsFromStream: Operation = {
  name: 'RemoveTagsFromStream',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    await stream.settings.untag(input.TagKeys)
  },
}
