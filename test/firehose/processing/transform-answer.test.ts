import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transformedBy } from '../../../src/firehose/processing/transform-answer.ts'

const data = Buffer.from('data').toString('base64')

/** What becomes of records with the ids `a` and `b`: `Ok`, `Dropped`, or a code. */
function outcome(records: unknown): readonly string[] {
  const answer = typeof records === 'string' ? records : JSON.stringify({ records })
  return transformedBy(answer, ['a', 'b']).map((each) =>
    each.result === 'Failed' ? each.fault.code : each.result,
  )
}

const ok = { recordId: 'a', result: 'Ok', data }
const other = { recordId: 'b', result: 'Dropped' }

describe('the answer of a transformation', () => {
  it('is taken for each id in its place, whatever its order', () => {
    const found = transformedBy(JSON.stringify({ records: [other, ok] }), ['a', 'b'])
    expect(found).toEqual([{ result: 'Ok', data: Buffer.from('data'), keys: {} }, { result: 'Dropped' }])
  })

  it('may name partitions, and lets numbers and truth values be texts', () => {
    const metadata = { partitionKeys: { a: 'x', b: 5, c: true, ['__proto__']: 'y' } }
    const text = JSON.stringify({ records: [{ ...ok, metadata }] }).replace(
      '"c":true',
      '"c":true,"__proto__":"y"',
    )
    const [found] = transformedBy(text, ['a'])
    expect(found).toMatchObject({ result: 'Ok' })
    const keys = found?.result === 'Ok' ? Object.entries(found.keys) : []
    expect(keys).toEqual([
      ['a', 'x'],
      ['b', '5'],
      ['c', 'true'],
      ['__proto__', 'y'],
    ])
  })

  const bad = 'Lambda.JsonProcessingException'
  it.each([
    ['misses an id', [ok], ['Ok', 'Lambda.MissingRecordId']],
    ['has an id twice', [ok, other, ok], ['Lambda.DuplicatedRecordId', 'Dropped']],
    ['has an id three times', [ok, ok, other, ok], ['Lambda.DuplicatedRecordId', 'Dropped']],
    ['has a foreign id', [ok, { ...ok, recordId: 'c' }], ['Ok', 'Lambda.MissingRecordId']],
    ['has records that are none', [null, 5, [], {}, { recordId: 5 }, ok, other], ['Ok', 'Dropped']],
    [
      'asks for a failure',
      [{ ...ok, result: 'ProcessingFailed' }, other],
      ['Lambda.ProcessingFailedStatus', 'Dropped'],
    ],
    ['has another result', [{ ...ok, result: 'OK' }, other], [bad, 'Dropped']],
    ['has no result', [{ recordId: 'a', data }, other], [bad, 'Dropped']],
    ['has no data', [{ recordId: 'a', result: 'Ok' }, other], [bad, 'Dropped']],
    ['has data that are not base64', [{ ...ok, data: 'a.b=' }, other], [bad, 'Dropped']],
    ['has data that are cut off', [{ ...ok, data: 'abc' }, other], [bad, 'Dropped']],
    ['has a list of metadata', [{ ...ok, metadata: [] }, other], [bad, 'Dropped']],
    ['has metadata that are null', [{ ...ok, metadata: { partitionKeys: null } }, other], ['Ok', 'Dropped']],
    ['has keys that are no object', [{ ...ok, metadata: { partitionKeys: 'x' } }, other], [bad, 'Dropped']],
    [
      'has keys that are objects',
      [{ ...ok, metadata: { partitionKeys: { x: {} } } }, other],
      [bad, 'Dropped'],
    ],
    [
      'has a key without a value',
      [{ ...ok, metadata: { partitionKeys: { x: '' } } }, other],
      ['DynamicPartitioning.MetadataExtractionFailed', 'Dropped'],
    ],
    ['is not JSON', 'nonsense', [bad, bad]],
    ['is null', 'null', [bad, bad]],
    ['has no records', '{}', [bad, bad]],
    ['has records that are no list', '{"records":{"a":1}}', [bad, bad]],
  ])('that %s fails those records only', (_what, records, expected) => {
    expect(outcome(records)).toEqual(expected)
  })

  it('is never a reason to throw', () => {
    fc.assert(
      fc.property(fc.json(), (records) => {
        expect(outcome(JSON.parse(records))).toHaveLength(2)
        expect(outcome(records)).toHaveLength(2)
      }),
    )
  })
})
