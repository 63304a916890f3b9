import { KiB } from '../../../units.ts'
import type { Operation } from '../call.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly MaxRecordSizeInKiB: number
}

/** Sets how large one record of a stream may be. */
export const updateMaxRecordSize: Operation = {
  name: 'UpdateMaxRecordSize',
  async run(input: Input, call) {
    const { stream } = streamOfTarget(input, call)
    await stream.settings.setMaxRecordBytes(input.MaxRecordSizeInKiB * KiB)
  },
}
