import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { requireRetention } from '../retention-period.ts'
import { streamOfTarget, type StreamTarget } from '../stream-target.ts'

interface Input extends StreamTarget {
  readonly RetentionPeriodHours: number
}

/** Keeps records for a shorter time. The present value is accepted and changes nothing. */
export const decreaseStreamRetentionPeriod: Operation = {
  name: 'DecreaseStreamRetentionPeriod',
  async run(input: Input, call) {
    const { stream, core } = streamOfTarget(input, call)
    const hours = requireRetention(input.RetentionPeriodHours)
    const existing = core.state.retentionHours
    if (hours > existing) {
      throw invalidArgumentFault(
        `Requested retention period (${hours} hours) for stream ${stream.name} can not be longer than existing ` +
          `retention period (${existing} hours). Use IncreaseRetentionPeriod API.`,
      )
    }
    await stream.setRetention(hours)
  },
}
