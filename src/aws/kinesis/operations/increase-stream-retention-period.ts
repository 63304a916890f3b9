import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { requireRetention } from '../retention-period.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly RetentionPeriodHours: number
}

/** Keeps records longer. The present value is accepted and changes nothing. */
export const increaseStreamRetentionPeriod: Operation = {
  name: 'IncreaseStreamRetentionPeriod',
  async run(input: Input, call) {
    const { stream, core } = streamOfTarget(input, call)
    const hours = requireRetention(input.RetentionPeriodHours)
    const existing = core.state.retentionHours
    if (hours < existing) {
      throw invalidArgumentFault(
        `Requested retention period (${hours} hours) for stream ${stream.name} can not be shorter than existing ` +
          `retention period (${existing} hours). Use DecreaseRetentionPeriod API.`,
      )
    }
    await stream.setRetention(hours)
  },
}
