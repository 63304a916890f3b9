import { MiB } from '../../../units.ts'
import type { PutOutcome } from '../../../firehose/direct-log.ts'
import type { CallWatcher } from '../../wire/call-watcher.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { stateToPutTo } from '../put-target.ts'
import { entryFault, isOverload } from '../refusal.ts'
import type { Target } from '../target.ts'

/** Data of one request, bytes. */
const requestBytesMax: number = 4 * MiB

interface Input extends Target {
  readonly Records: readonly { readonly Data: Uint8Array }[]
}

/** Takes up to 500 records for delivery; each has its own answer. */
export const putRecordBatch: Operation = {
  name: 'PutRecordBatch',
  async run(input: Input, call) {
    const { key, encryption } = stateToPutTo(input, call)
    const records = input.Records.map(({ Data: data }) => data)
    const bytes = records.reduce((sum, data) => sum + data.length, 0)
    if (bytes > requestBytesMax) throw invalidArgumentFault('Records size exceeds 4 MB limit')
    const outcomes = await call.firehose.put(key, records)
    if (call.watcher !== undefined) tell(call.watcher, records, outcomes)
    return {
      FailedPutCount: outcomes.filter(({ ok }) => !ok).length,
      Encrypted: encryption !== undefined,
      RequestResponses: outcomes.map(answerTo),
    }
  },
}

function answerTo(outcome: PutOutcome): Readonly<Record<string, unknown>> {
  if (outcome.ok) return { RecordId: outcome.recordId }
  const { type, message } = entryFault(outcome.error)
  return { ErrorCode: type, ErrorMessage: message }
}

function tell(watcher: CallWatcher, records: readonly Uint8Array[], outcomes: readonly PutOutcome[]): void {
  let stored = 0
  let storedBytes = 0
  let throttled = 0
  let failure: unknown
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.ok) {
      stored += 1
      storedBytes += records[index]?.length ?? 0
    } else if (isOverload(outcome.error)) throttled += 1
    else failure = outcome.error
  }
  watcher.put({ records: records.length, stored, storedBytes, throttled })
  if (failure !== undefined) watcher.failed(failure)
}
