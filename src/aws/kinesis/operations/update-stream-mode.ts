import type { StreamMode } from '../../../streams/stream-mode.ts'
import type { Operation } from '../call.ts'
import { requireNoChannel } from '../channel/target.ts'
import { coreOfTarget, streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly StreamModeDetails: { readonly StreamMode: StreamMode }
  readonly WarmThroughputMiBps?: number
}

/** Switches a stream between provisioned and on demand; its shards stay. Channels deliver from streams on demand only. */
export const updateStreamMode: Operation = {
  name: 'UpdateStreamMode',
  async run(input: Input, call) {
    const { StreamMode: mode } = input.StreamModeDetails
    if (mode === 'PROVISIONED') requireNoChannel(coreOfTarget(input, call).state.key, call)
    const { stream } = streamOfTarget(input, call)
    await stream.settings.setMode(mode, input.WarmThroughputMiBps)
  },
}
