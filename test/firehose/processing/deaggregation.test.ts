import { describe, expect, it } from 'vitest'
import type { Deaggregation } from '../../../src/firehose/configuration.ts'
import { DeaggregationStep } from '../../../src/firehose/processing/deaggregation.ts'
import { record, textsOf } from './delivery-records.ts'

const json = new DeaggregationStep({ kind: 'json' })
const origin = { shardId: 's', partitionKey: 'p', sequenceNumber: '1', subsequenceNumber: 0 }

function delimited(delimiter: string): DeaggregationStep {
  return new DeaggregationStep({ kind: 'delimited', delimiter: Buffer.from(delimiter).toString('base64') })
}

describe('records that are several', () => {
  it('are taken apart as JSON, in order, and keep when and where they were', () => {
    const { records, failed } = json.apply([record('{"a":1}{"a":2}\n', 5, origin), record('{"a":3}', 6)])
    expect(textsOf(records)).toEqual(['{"a":1}', '{"a":2}', '{"a":3}'])
    expect(records.map(({ arrivedAtMs }) => arrivedAtMs)).toEqual([5, 5, 6])
    expect(records[1]?.origin).toEqual(origin)
    expect(failed).toEqual([])
  })

  it('fail as a whole when they are no JSON values, and no others do', () => {
    const bad = record('{"a":1}{"a":')
    const { records, failed } = json.apply([record('{}'), bad, record('')])
    expect(textsOf(records)).toEqual(['{}'])
    expect(failed).toMatchObject([
      { record: bad, type: 'processing-failed', code: 'RecordDeAggregation.InvalidJson', attempts: 1 },
      { code: 'RecordDeAggregation.NoRecord' },
    ])
  })

  it('are taken apart by delimiters of any length, empty parts left out', () => {
    const { records } = delimited('##').apply([record('##a#b####c##'), record('d')])
    expect(textsOf(records)).toEqual(['a#b', 'c', 'd'])
  })

  it('may be bytes that are no text', () => {
    const { records } = delimited('\n').apply([record(Uint8Array.of(0xff, 10, 0, 0xfe))])
    expect(records.map(({ data }) => [...data])).toEqual([[0xff], [0, 0xfe]])
  })

  it('fail when there is nothing between the delimiters', () => {
    expect(delimited('\n').apply([record('\n\n')]).failed).toHaveLength(1)
  })
})

it.each<[string, Deaggregation, string]>([
  ['JSON', { kind: 'json' }, '1 '],
  ['delimited', { kind: 'delimited', delimiter: btoa(';') }, 'a;'],
])('records of more than 524,288 parts fail, and no others: %s', (_, deaggregation, part) => {
  const most = record(part.repeat(524_288))
  const { records, failed } = new DeaggregationStep(deaggregation).apply([
    record(part.repeat(524_289)),
    most,
    record(part.repeat(8_000_000)),
  ])
  expect(records.length).toBe(524_288)
  expect(failed.map(({ code }) => code)).toEqual(
    Array.from({ length: 2 }, () => 'RecordDeAggregation.TooManyRecords'),
  )
})
