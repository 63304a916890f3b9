import { isUtf8 } from 'node:buffer'
import type { FailedRecord } from '../delivery-record.ts'
import { failedRecord, type Fault, type PassingRecord, type Step, type StepResult } from './step.ts'

const noText: Fault = { code: 'RecordFormat.InvalidString', message: 'The record is not text in UTF-8' }
const noJson: Fault = {
  code: 'RecordFormat.InvalidJson',
  message: 'The record is not one value of JSON in UTF-8',
}

/** Lets only records pass that are what a channel says they are (Kinesis developer guide, "How Amazon S3 delivery works"). */
export class RecordFormatStep implements Step {
  readonly #fault: (data: Uint8Array) => Fault | undefined

  constructor(format: 'json' | 'text') {
    this.#fault = format === 'json' ? jsonFault : textFault
  }

  apply(records: readonly PassingRecord[]): StepResult {
    const failed: FailedRecord[] = []
    const passed = records.filter((record) => {
      const fault = this.#fault(record.data)
      if (fault !== undefined) failed.push(failedRecord(record, fault))
      return fault === undefined
    })
    return { records: passed, failed, dropped: 0 }
  }
}

function textFault(data: Uint8Array): Fault | undefined {
  return isUtf8(data) ? undefined : noText
}

function jsonFault(data: Uint8Array): Fault | undefined {
  if (!isUtf8(data)) return noJson
  try {
    JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString())
    return undefined
  } catch {
    return noJson
  }
}
