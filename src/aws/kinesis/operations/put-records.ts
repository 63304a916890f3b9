import type { KeylessEntry, PutEntry, PutResult } from '../../../streams/put.ts'
import { MiB } from '../../../units.ts'
import type { CallWatcher } from '../../wire/call-watcher.ts'
import { invalidArgumentFault } from '../../wire/fault.ts'
import type { Operation } from '../call.ts'
import { refuseDryRun } from '../dry-run.ts'
import { encryptionOf } from '../encryption.ts'
import { bytesOfEntry, entryOf, type RecordEntry } from '../record-entry.ts'
import { throttledText } from '../refusal.ts'
import { streamToWrite, type StreamTarget } from '../stream-target.ts'

/** Data and keys of one request, bytes. */
const requestBytesMax: number = 10 * MiB

interface Input extends StreamTarget {
  readonly Records: readonly RecordEntry[]
  readonly DryRun?: boolean
}

/** Stores up to 500 records; each has its own answer. */
export const putRecords: Operation = {
  name: 'PutRecords',
  async run(input: Input, call) {
    const { stream, core } = streamToWrite(input, call)
    const entries: (PutEntry | KeylessEntry)[] = []
    let requestBytes = 0
    for (const [index, record] of input.Records.entries()) {
      const bytes = bytesOfEntry(record)
      requestBytes += bytes
      entries.push(entryOf(record, bytes, core, () => `records.${index + 1}.member.`))
    }
    if (requestBytes > requestBytesMax) throw invalidArgumentFault('Records size exceeds 10 MB limit')
    refuseDryRun(input.DryRun)
    const results = await stream.putBatch(entries)
    let failed = 0
    const answers = results.map((result) => {
      if (!result.ok) failed += 1
      return answerTo(result, core.state.key)
    })
    if (call.watcher !== undefined)
      tell(call.watcher, input.Records, results, failed === 0 ? requestBytes : undefined)
    return { FailedRecordCount: failed, Records: answers, EncryptionType: encryptionOf(core.state) }
  },
}

/** @param allBytes keys and data of all records; `undefined` if some were refused */
function tell(
  watcher: CallWatcher,
  records: readonly RecordEntry[],
  results: readonly PutResult[],
  allBytes: number | undefined,
): void {
  if (allBytes !== undefined) {
    watcher.put({ records: records.length, stored: records.length, storedBytes: allBytes, throttled: 0 })
    return
  }
  let stored = 0
  let storedBytes = 0
  let throttled = 0
  let failure: unknown
  for (const [index, result] of results.entries()) {
    if (result.ok) {
      stored += 1
      storedBytes += bytesOfEntry(records[index] as RecordEntry)
    } else if (result.error.code === 'ERR_MILLRACE_THROTTLED') throttled += 1
    else failure = result.error
  }
  watcher.put({ records: records.length, stored, storedBytes, throttled })
  if (failure !== undefined) watcher.failed(failure)
}

function answerTo(
  result: PutResult,
  stream: { readonly name: string; readonly account: string },
): Readonly<Record<string, unknown>> {
  if (result.ok) return { SequenceNumber: result.sequenceNumber, ShardId: result.shardId }
  const throttled = throttledText(result.error, stream)
  return throttled === undefined
    ? { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure' }
    : { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: throttled }
}
