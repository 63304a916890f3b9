import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { MiB } from '../../units.ts'
import { failedRecord, type Fault, type PassingRecord, type Step, type StepResult } from './step.ts'

const gunzipped = promisify(gunzip)

/** Of a record. A few bytes can unpack to anything. */
const unpackedBytesMax = 16 * MiB
/** Once records of a call have unpacked to so much, none is begun any more. */
const unpackedEnough = 64 * MiB
/** Records that are unpacked at once, by the threads of the platform. */
const lanes = 4

/**
 * Unpacks GZIP. What is none, or unpacks to more than 16 MiB, fails. A call answers 128 MiB at most, and leaves the rest of the
 * records to another one.
 */
export class DecompressionStep implements Step {
  async apply(records: readonly PassingRecord[], signal: AbortSignal): Promise<StepResult> {
    const unpacked: (Uint8Array | Fault)[] = []
    let bytes = 0
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < records.length && bytes < unpackedEnough) {
        const index = next
        next += 1
        signal.throwIfAborted()
        const { data } = records[index] as PassingRecord
        const found = await unpackedOf(data)
        if (found instanceof Uint8Array) bytes += found.length
        unpacked[index] = found
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
    const passed: PassingRecord[] = []
    const failed = []
    for (const [index, found] of unpacked.entries()) {
      const record = records[index] as PassingRecord
      if (found instanceof Uint8Array) passed.push({ ...record, data: found })
      else failed.push(failedRecord(record, found))
    }
    return { records: passed, failed, dropped: 0, rest: records.slice(next) }
  }
}

async function unpackedOf(data: Uint8Array): Promise<Uint8Array | Fault> {
  try {
    return await gunzipped(data, { maxOutputLength: unpackedBytesMax })
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
