import { failedRecord, type Fault, type PassingRecord, type Step, type StepResult } from './step.ts'

/** What CloudWatch Logs sends to whoever subscribes. */
interface LogPayload {
  readonly messageType: 'DATA_MESSAGE' | 'CONTROL_MESSAGE'
  readonly logEvents: readonly { readonly message: string }[]
}

const strange: Fault = {
  code: 'CloudWatchLogProcessing.InvalidPayload',
  message: 'The record is no payload of CloudWatch Logs',
}

/** Keeps the messages of what CloudWatch Logs wrote, a line each. What it sends to try a subscription out is dropped. */
export class CloudWatchMessagesStep implements Step {
  apply(records: readonly PassingRecord[]): StepResult {
    const passed: PassingRecord[] = []
    const failed = []
    let dropped = 0
    for (const record of records) {
      const payload = payloadIn(record.data)
      if (payload === undefined) {
        failed.push(failedRecord(record, strange))
      } else if (payload.messageType === 'CONTROL_MESSAGE' || payload.logEvents.length === 0) {
        dropped += 1
      } else {
        const lines = payload.logEvents.map(({ message }) => `${message}\n`)
        passed.push({ ...record, data: Buffer.from(lines.join('')) })
      }
    }
    return { records: passed, failed, dropped }
  }
}

function payloadIn(data: Uint8Array): LogPayload | undefined {
  let found: unknown
  try {
    found = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data))
  } catch {
    return undefined
  }
  if (typeof found !== 'object' || found === null) return undefined
  const { messageType, logEvents } = found as Partial<LogPayload>
  if (messageType !== 'DATA_MESSAGE' && messageType !== 'CONTROL_MESSAGE') return undefined
  if (!Array.isArray(logEvents) || !logEvents.every(isEvent)) return undefined
  return { messageType, logEvents }
}

function isEvent(event: unknown): boolean {
  return (
    typeof event === 'object' && event !== null && 'message' in event && typeof event.message === 'string'
  )
}
