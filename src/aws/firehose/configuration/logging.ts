import { invalidArgumentFault } from '../../wire/fault.ts'
import type { LoggingMembers } from '../members.ts'

/** Where a delivery logs. It is kept and shown; what is logged goes to whoever made the store. */
export function requireLogging(logging: LoggingMembers | undefined): void {
  if (logging?.Enabled !== true) return
  if (!logging.LogGroupName) {
    throw invalidArgumentFault('CloudWatch Log Group Name is required if CloudWatch Logging is enabled')
  }
  if (!logging.LogStreamName) {
    throw invalidArgumentFault('CloudWatch Log Stream Name is required if CloudWatch Logging is enabled')
  }
}
