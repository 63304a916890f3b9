import { retentionHoursMax, retentionHoursMin } from '../../streams/retention.ts'
import { invalidArgumentFault } from '../wire/fault.ts'

/** Hours that the service takes. @throws `InvalidArgumentException` */
export function requireRetention(hours: number): number {
  if (hours < retentionHoursMin) {
    throw invalidArgumentFault(
      `Minimum allowed retention period is ${retentionHoursMin} hours. ` +
        `Requested retention period (${hours} hours) is too short.`,
    )
  }
  if (hours > retentionHoursMax) {
    throw invalidArgumentFault(
      `Maximum allowed retention period is ${retentionHoursMax} hours. ` +
        `Requested retention period (${hours} hours) is too long.`,
    )
  }
  return hours
}
