import type { Deaggregation } from '../configuration.ts'
import { jsonValuesIn } from './json-values.ts'
import { failedRecord, type Fault, type PassingRecord, type Step, type StepResult } from './step.ts'

const notJson: Fault = {
  code: 'RecordDeAggregation.InvalidJson',
  message: 'The record is no sequence of JSON values',
}
const none: Fault = { code: 'RecordDeAggregation.NoRecord', message: 'There is nothing in the record' }

const tooMany: Fault = {
  code: 'RecordDeAggregation.TooManyRecords',
  message: 'There are more than 524,288 records in the record',
}

/** So many fit into a MiB. Each takes memory many times its size, and what was compressed may hold millions. */
const partsMax = 524_288

/** Takes records apart that are several: JSON values one after the other, or what lies between delimiters. */
export class DeaggregationStep implements Step {
  /** `undefined` for what is none; one more than `partsMax` for what has too many. */
  readonly #partsOf: (data: Uint8Array) => readonly Uint8Array[] | undefined

  constructor(deaggregation: Deaggregation) {
    if (deaggregation.kind === 'json') {
      this.#partsOf = (data) => jsonValuesIn(data, partsMax + 1)
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
      const fault = faultOf(found)
      if (found === undefined || fault !== undefined) {
        failed.push(failedRecord(record, fault ?? notJson))
        continue
      }
      for (const data of found) parts.push({ data, arrivedAtMs: record.arrivedAtMs, origin: record.origin })
    }
    return { records: parts, failed, dropped: 0 }
  }
}

function faultOf(parts: readonly Uint8Array[] | undefined): Fault | undefined {
  if (parts === undefined) return notJson
  if (parts.length === 0) return none
  return parts.length > partsMax ? tooMany : undefined
}

/** Without those that are empty: a delimiter at the end begins no record. */
function partsBetween(data: Uint8Array, delimiter: Buffer): readonly Uint8Array[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const parts: Uint8Array[] = []
  let from = 0
  while (from <= bytes.length && parts.length <= partsMax) {
    const found = delimiter.length === 0 ? -1 : bytes.indexOf(delimiter, from)
    const end = found < 0 ? bytes.length : found
    if (end > from) parts.push(data.subarray(from, end))
    if (found < 0) break
    from = end + delimiter.length
  }
  return parts
}
