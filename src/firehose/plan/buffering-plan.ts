import { requireInteger, requireOptions } from '../../options.ts'
import { MiB, secondMs } from '../../units.ts'
import type { BufferingHints } from '../configuration.ts'

/** When what is buffered is delivered: at so much data or after so long, whichever comes first. */
export interface BufferingOptions {
  /** Before compression. Smaller makes more and smaller objects. Bytes, 1 to 128 MiB. @defaultValue 5 MiB */
  readonly bytes?: number | undefined
  /**
   * Since the oldest record in the buffer; 0 delivers at once. Milliseconds on the store's clock, 0 to 900,000.
   * @defaultValue 300,000
   */
  readonly ms?: number | undefined
}

/** What holds unless the caller says otherwise (Firehose developer guide, "Buffering hints"). */
const bufferingDefaults: BufferingHints = { bytes: 5 * MiB, ms: 300 * secondMs }

const bytesMax: number = 128 * MiB
const msMax: number = 900 * secondMs

/** @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION` */
export function bufferingOf(field: string, options: BufferingOptions = {}): BufferingHints {
  requireOptions(field, options, ['bytes', 'ms'])
  const { bytes = bufferingDefaults.bytes, ms = bufferingDefaults.ms } = options
  return {
    bytes: requireInteger(`${field}.bytes`, bytes, 1, bytesMax),
    ms: requireInteger(`${field}.ms`, ms, 0, msMax),
  }
}
