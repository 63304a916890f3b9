import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { MiB } from '../../units.ts'
import { failedRecord, type Fault, type PassingRecord, type Step, type StepResult } from './step.ts'

const gunzipped = promisify(gunzip)

/** Of a record. A few bytes can unpack to anything. */
const unpackedBytesMax = 16 * MiB
/** Of all records of a call. */
const unpackedTotalMax = 128 * MiB
/** Records that are unpacked at once, by the threads of the platform. */
const lanes = 4

/** Unpacks GZIP. What is none, or unpacks to more than 16 MiB, or 128 MiB with others, fails. */
export class DecompressionStep implements Step {
  async apply(records: readonly PassingRecord[], signal: AbortSignal): Promise<StepResult> {
    const unpacked: (Uint8Array | Fault)[] = []
    let left = unpackedTotalMax
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < records.length) {
        const index = next
        next += 1
        signal.throwIfAborted()
        const { data } = records[index] as PassingRecord
        const found = await unpackedOf(data, Math.min(unpackedBytesMax, left))
        if (found instanceof Uint8Array) left -= found.length
        unpacked[index] = found
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    const passed: PassingRecord[] = []
    const failed = []
    for (const [index, record] of records.entries()) {
      const found = unpacked[index] as Uint8Array | Fault
      if (found instanceof Uint8Array) passed.push({ ...record, data: found })
      else failed.push(failedRecord(record, found))
    }
    return { records: passed, failed, dropped: 0 }
  }
}

async function unpackedOf(data: Uint8Array, bytesMax: number): Promise<Uint8Array | Fault> {
  if (bytesMax <= 0) return tooLarge
  try {
    return await gunzipped(data, { maxOutputLength: bytesMax })
  } catch (error) {
    const { code, message } = error as { readonly code?: string; readonly message: string }
    if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge
    return {
      code: 'Decompression.InvalidData',
      message: `The record is not compressed with GZIP: ${message}`,
    }
  }
}

const tooLarge: Fault = { code: 'Decompression.TooLarge', message: 'The record is too large when unpacked' }
