import { requireInteger, requireOptions } from '../options.ts'

/** Which minutes `stream.metrics` answers: those that begin within it. Milliseconds since 1970. */
export interface MetricRange {
  /** @defaultValue the earliest there is */
  readonly fromMs?: number | undefined
  /** Exclusive. @defaultValue no end */
  readonly toMs?: number | undefined
}

/** @throws `ERR_MILLRACE_INVALID_ARGUMENT`, `ERR_MILLRACE_UNKNOWN_OPTION` */
export function checkedRange(range: MetricRange): Required<{ fromMs: number; toMs: number }> {
  requireOptions('metrics options', range, ['fromMs', 'toMs'])
  const { fromMs = 0, toMs = Number.MAX_SAFE_INTEGER } = range
  return {
    fromMs: requireInteger('fromMs', fromMs, 0, Number.MAX_SAFE_INTEGER),
    toMs: requireInteger('toMs', toMs, 0, Number.MAX_SAFE_INTEGER),
  }
}
