import type { DeliveryConfiguration } from '../../src/firehose/configuration.ts'
import type { ProcessedRecord } from '../../src/firehose/delivery-record.ts'
import type { Processor } from '../../src/firehose/processor.ts'
import { KiB } from '../../src/units.ts'
import { target, toObjects } from './delivery-rig.ts'

export const kilobyte: string = 'k'.repeat(KiB)

/** Objects of `ms` and `bytes`. */
export function hinted(bytes: number, ms: number): DeliveryConfiguration {
  const { destination } = toObjects
  if (destination.kind !== 'objects') return toObjects
  return { ...toObjects, destination: { ...destination, target: { ...target, buffering: { bytes, ms } } } }
}

/** The first letter of a record is its partition; records that begin with `!` fail, those with `-` are dropped. */
export const sorting: Processor = {
  async process(records) {
    const texts = records.map((record) => ({ record, text: Buffer.from(record.data).toString() }))
    const kept = texts.filter(({ text }) => !/^[!-]/.test(text))
    return {
      records: kept.map(({ record, text }): ProcessedRecord => {
        const keys = { query: text.startsWith('?') ? {} : { key: text.split(':', 1)[0] ?? '' }, lambda: {} }
        return { ...record, keys }
      }),
      failed: texts
        .filter(({ text }) => text.startsWith('!'))
        .map(({ record }) => ({
          record,
          type: 'processing-failed' as const,
          code: 'Lambda.FunctionError',
          message: 'threw',
          attempts: 4,
          lambdaArn: 'arn:aws:lambda:eu-west-1:000000000000:function:f',
        })),
      dropped: texts.filter(({ text }) => text.startsWith('-')).length,
    }
  },
  async close() {},
}

/** Partitioned by `sorting`. */
export const partitioned: DeliveryConfiguration = {
  source: { kind: 'direct' },
  processing: { query: '{key}' },
  destination: { kind: 'objects', target, partitioned: true },
}
