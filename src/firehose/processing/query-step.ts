import { Query } from './query.ts'
import { failedRecord, type PassingRecord, type Step, type StepResult } from './step.ts'

/** Asks a program of jq which partition each record belongs to. */
export class QueryStep implements Step {
  readonly #query: Query

  constructor(program: string) {
    this.#query = new Query(program)
  }

  async apply(records: readonly PassingRecord[], signal: AbortSignal): Promise<StepResult> {
    const passed: PassingRecord[] = []
    const failed = []
    const outcomes = await this.#query.outcomes(records, signal)
    for (const [index, record] of records.entries()) {
      const outcome = outcomes[index] ?? 'The query answered nothing'
      if (typeof outcome === 'string') {
        failed.push(
          failedRecord(record, { code: 'DynamicPartitioning.MetadataExtractionFailed', message: outcome }),
        )
        continue
      }
      const { data, arrivedAtMs, origin, before } = record
      passed.push({
        data,
        arrivedAtMs,
        origin,
        before,
        keys: { query: outcome, lambda: record.keys?.lambda ?? {} },
      })
    }
    return { records: passed, failed, dropped: 0 }
  }

  close(): Promise<void> {
    return this.#query.close()
  }
}
