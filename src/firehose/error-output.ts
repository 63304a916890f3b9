import type { BatchMark } from './checkpoint.ts'
import type { Clock } from '../clock.ts'
import type { Lane } from './buffers/lane.ts'
import type { MemoryBudget } from './buffers/memory-budget.ts'
import type { DeliveryJournal } from './delivery-journal.ts'
import type { FailedRecord } from './delivery-record.ts'
import type { DeliveryCounters } from './delivery-stats.ts'
import { MiB } from '../units.ts'

/** After so many bytes of lines memory is looked after: for each line that would cost more than the line. */
const relieveEveryBytes: number = MiB

/** What an error output needs. */
export interface ErrorOutputHost {
  readonly clock: Clock
  readonly memory: MemoryBudget
  readonly counters: DeliveryCounters
  /** Its buffers: a partition for each type of error. */
  readonly lane: Lane
  /** `database.table` of a conversion. */
  readonly table: string | undefined
  readonly region: string
  /** Whose error output this is, such as `arn:aws:s3:::bucket`. */
  readonly destination: string
  readonly journal: DeliveryJournal
}

/** Takes records that cannot be delivered, each as a line of JSON (Firehose developer guide, "Data delivery failures"). */
export class ErrorOutput {
  readonly #host: ErrorOutputHost

  constructor(host: ErrorOutputHost) {
    this.#host = host
  }

  /**
   * Resolves once the records are in buffers, which hold their batch. Rejects with `Stopped` if there is no room and the
   * delivery has ended.
   *
   * @param endedAtMs when they were tried for the last time, milliseconds since 1970
   */
  async add(failed: readonly FailedRecord[], mark: BatchMark, endedAtMs?: number): Promise<void> {
    const [first] = failed
    if (first === undefined) return
    const { lane, memory, clock, counters, table, region, journal, destination } = this.#host
    const others = failed.length === 1 ? '' : ` (the first of ${failed.length} records that failed)`
    journal.note(destination, first.code, `${first.message}${others}`)
    let addedBytes = 0
    for (const each of failed) {
      const text = errorLine(each, endedAtMs ?? clock.nowMs(), { table, region })
      const line = { data: Buffer.from(text), arrivedAtMs: each.record.arrivedAtMs }
      for (;;) {
        const room = lane.append(each.type, undefined, line, mark)
        if (room === undefined) break
        await room
      }
      addedBytes += line.data.byteLength
      if (addedBytes < relieveEveryBytes) continue
      addedBytes = 0
      // Whoever comes from a delivery must not wait for room, which may be in that delivery.
      if (memory.over) await memory.relieve()
    }
    if (memory.over) await memory.relieve()
    counters.failedRecords += failed.length
    if (lane.atOnce) lane.flush()
  }
}

/** What lines of a delivery have in common. */
export interface ErrorLineOrigin {
  readonly table: string | undefined
  readonly region: string
}

/** One line, with its end. */
function errorLine(failed: FailedRecord, endedAtMs: number, { table, region }: ErrorLineOrigin): string {
  const { record, type, code, message, attempts, lambdaArn } = failed
  const { data } = record
  const rawData = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
  const head = { attemptsMade: attempts, arrivalTimestamp: record.arrivedAtMs }
  const tail = { attemptEndingTimestamp: endedAtMs, rawData }
  if (type !== 'format-conversion-failed') {
    const error = { errorCode: code, errorMessage: message }
    return `${JSON.stringify({ ...head, ...error, ...tail, ...(lambdaArn === undefined ? {} : { lambdaArn }) })}\n`
  }
  const [databaseName = '', tableName = ''] = splitTable(table ?? '')
  const place = {
    sequenceNumber: record.origin?.sequenceNumber ?? '',
    subSequenceNumber: record.origin?.subsequenceNumber ?? 0,
    dataCatalogTable: { databaseName, tableName, region },
  }
  return `${JSON.stringify({ ...head, lastErrorCode: code, lastErrorMessage: message, ...tail, ...place })}\n`
}

function splitTable(table: string): readonly [string, string] {
  const at = table.indexOf('.')
  return at < 0 ? ['', table] : [table.slice(0, at), table.slice(at + 1)]
}
