import type { Deaggregation } from '../configuration.ts'
import { jsonValuesIn } from './json-values.ts'
import { failedRecord, type Fault, type PassingRecord, type Step, type StepResult } from './step.ts'

const notJson: Fault = {
  code: 'RecordDeAggregation.InvalidJson',
  message: 'The record is no sequence of JSON values',
}
const none: Fault = { code: 'RecordDeAggregation.NoRecord', message: 'There is nothing in the record' }

/** Takes records apart that are several: JSON values one after the other, or what lies between delimiters. */
export class DeaggregationStep implements Step {
  readonly #partsOf: (data: Uint8Array) => readonly Uint8Array[] | undefined

  constructor(deaggregation: Deaggregation) {
    if (deaggregation.kind === 'json') {
      this.#partsOf = jsonValuesIn
    } else {
      const delimiter = Buffer.from(deaggregation.delimiter, 'base64')
      this.#partsOf = (data) => partsBetween(data, delimiter)
    }
  }

  apply(records: readonly PassingRecord[]): StepResult {
    const parts: PassingRecord[] = []
    const failed = []
    for (const record of records) {
      const found = this.#partsOf(record.data)
      if (found === undefined || found.length === 0) {
        failed.push(failedRecord(record, found === undefined ? notJson : none))
        continue
      }
      for (const data of found) parts.push({ data, arrivedAtMs: record.arrivedAtMs, origin: record.origin })
    }
    return { records: parts, failed, dropped: 0 }
  }
}

/** Without those that are empty: a delimiter at the end begins no record. */
function partsBetween(data: Uint8Array, delimiter: Buffer): readonly Uint8Array[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const parts: Uint8Array[] = []
  let from = 0
  while (from <= bytes.length) {
    const found = delimiter.length === 0 ? -1 : bytes.indexOf(delimiter, from)
    const end = found < 0 ? bytes.length : found
    if (end > from) parts.push(data.subarray(from, end))
    if (found < 0) break
    from = end + delimiter.length
  }
  return parts
}
