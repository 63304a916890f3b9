import { describe, expect, it } from 'vitest'
import type { DeliveryConfiguration } from '../../src/firehose/configuration.ts'
import type { RecordConverter } from '../../src/firehose/delivery-parts.ts'
import type { DeliveryRecord, FailedRecord } from '../../src/firehose/delivery-record.ts'
import { minuteMs } from '../../src/units.ts'
import { DeliveryRig, target } from './delivery-rig.ts'

const converted: DeliveryConfiguration = {
  source: { kind: 'direct' },
  processing: {},
  destination: {
    kind: 'objects',
    target,
    partitioned: false,
    conversion: {
      schema: [],
      table: 'flights.delays',
      input: {
        kind: 'openx',
        caseInsensitive: true,
        dotsToUnderscores: false,
        keyOfColumn: {},
        timestampFormats: [],
      },
      compression: 'SNAPPY',
      blockBytes: 1,
      pageBytes: 1,
      dictionary: false,
    },
  },
}

/** Makes capitals; records that begin with `!` fail. Fails as a whole as often as `failures` says. */
class CapitalConverter implements RecordConverter {
  failures = 0
  released = 0
  calls = 0

  async convert(records: AsyncIterable<readonly DeliveryRecord[]>): ReturnType<RecordConverter['convert']> {
    this.calls += 1
    const rows: string[] = []
    const failed: FailedRecord[] = []
    for await (const parcel of records) {
      for (const record of parcel) {
        const text = Buffer.from(record.data).toString()
        const copy = { ...record, data: Uint8Array.from(record.data) }
        const code = 'DataFormatConversion.ParseError'
        if (text.startsWith('!')) {
          failed.push({
            record: copy,
            type: 'format-conversion-failed',
            code,
            message: 'no JSON',
            attempts: 1,
          })
        } else rows.push(text.toUpperCase())
      }
    }
    if (this.failures > 0) {
      this.failures -= 1
      throw new Error('the thread died')
    }
    const body = Buffer.from(rows.join(','))
    return {
      rows: rows.length,
      bytes: body.byteLength,
      failed,
      async *body() {
        yield body
      },
      release: async () => {
        this.released += 1
      },
    }
  }

  async close(): Promise<void> {}
}

function rigWith(converter: RecordConverter): DeliveryRig {
  return new DeliveryRig({ configuration: converted, parts: { converter: () => converter } })
}

describe('a buffer that is converted', () => {
  it('becomes one object, and records that do not fit become lines of AWS', async () => {
    const converter = new CapitalConverter()
    await using rig = rigWith(converter)
    await rig.start()
    await rig.put('a', '!b', 'c')
    await rig.delivery.flush()
    expect(rig.objects.in('landing')).toEqual(['A,C'])
    expect([...rig.objects.objects.keys()][0]).toMatch(/\.parquet$/)
    expect(rig.objects.failed('landing')).toEqual([
      {
        attemptsMade: 1,
        arrivalTimestamp: rig.clock.nowMs(),
        lastErrorCode: 'DataFormatConversion.ParseError',
        lastErrorMessage: 'no JSON',
        attemptEndingTimestamp: rig.clock.nowMs(),
        rawData: btoa('!b'),
        sequenceNumber: '',
        subSequenceNumber: 0,
        dataCatalogTable: { databaseName: 'flights', tableName: 'delays', region: 'eu-west-1' },
      },
    ])
    expect(rig.delivery.stats().metrics).toMatchObject({
      'SucceedConversion.Records': 2,
      'FailedConversion.Records': 1,
      'DeliveryToS3.Bytes': 3,
      // What went to the error output did not go to the destination.
      'DeliveryToS3.Records': 2,
    })
    expect(converter.released).toBe(1)
  })

  it('is converted once, however often its object is delivered', async () => {
    const converter = new CapitalConverter()
    await using rig = rigWith(converter)
    rig.objects.conduct = () => (rig.objects.attempts < 4 ? 'fail' : 'take')
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(2 * minuteMs)
    expect(rig.objects.in('landing')).toEqual(['A'])
    expect(converter.calls).toBe(1)
  })

  it('is converted again when that failed as a whole', async () => {
    const converter = new CapitalConverter()
    converter.failures = 2
    await using rig = rigWith(converter)
    await rig.start()
    await rig.put('a')
    await rig.clock.advance(2 * minuteMs)
    expect(rig.objects.in('landing')).toEqual(['A'])
    expect(converter.calls).toBe(3)
  })

  it('becomes no object when nothing in it fits', async () => {
    await using rig = rigWith(new CapitalConverter())
    await rig.start()
    await rig.put('!a', '!b')
    await rig.delivery.flush()
    expect(rig.objects.in('landing')).toEqual([])
    expect(rig.objects.failed('landing')).toHaveLength(2)
  })
})
