import type { Operation } from '../call.ts'
import { consumerOutput } from '../consumer-target.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'
import { tagsOf } from '../tag-output.ts'

interface Input extends StreamTarget {
  readonly ConsumerName: string
  readonly Tags?: ReadonlyMap<string, string>
}

/** Registers a consumer of a stream. */
export const registerStreamConsumer: Operation = {
  name: 'RegisterStreamConsumer',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    const tags = input.Tags === undefined ? undefined : tagsOf(input.Tags)
    return { Consumer: consumerOutput(await stream.consumers.register(input.ConsumerName, { tags })) }
  },
}
