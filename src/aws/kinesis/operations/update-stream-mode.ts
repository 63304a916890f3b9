import type { StreamMode } from '../../../streams/stream-mode.ts'
import type { Operation } from '../call.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly StreamModeDetails: { readonly StreamMode: StreamMode }
  readonly WarmThroughputMiBps?: number
}

/** Switches a stream between provisioned and on demand; its shards stay. */
export const updateStreamMode: Operation = {
  name: 'UpdateStreamMode',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    await stream.settings.setMode(input.StreamModeDetails.StreamMode, input.WarmThroughputMiBps)
  },
}
