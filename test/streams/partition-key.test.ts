import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { partitionKeyBytesMax, writePartitionKey } from '../../src/streams/partition-key.ts'

function written(key: unknown): Buffer {
  const bytes = Buffer.alloc(partitionKeyBytesMax + 7)
  return bytes.subarray(7, 7 + writePartitionKey(key, bytes, 7))
}

describe('partition keys', () => {
  it('are written as UTF-8', () => {
    const wellFormed = fc.string({ unit: 'binary', minLength: 1, maxLength: 256 })
    fc.assert(
      fc.property(wellFormed, (key) => {
        expect(written(key)).toEqual(Buffer.from(key, 'utf8'))
      }),
      { examples: [['a'], ['héllo'], ['\u0000'], ['\uffff'], ['k'.repeat(256)]] },
    )
  })

  it('count Unicode characters, not UTF-16 units', () => {
    expect(written('😀'.repeat(256)).length).toBe(partitionKeyBytesMax)
    expect(() => written('😀'.repeat(257))).toThrow('1 to 256 Unicode characters')
  })

  it.each([
    ['no characters', ''],
    ['257 ASCII characters', 'k'.repeat(257)],
    ['256 ASCII characters and a wide one', `${'k'.repeat(256)}é`],
    ['a lone high surrogate', 'a\ud800b'],
    ['a lone low surrogate', '\udc00'],
    ['a number', 7],
    ['a Buffer', Buffer.from('key')],
    ['undefined', undefined],
    ['null', null],
  ])('are refused with %s', (_what, key) => {
    expect(() => written(key)).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: expect.objectContaining({ field: 'partitionKey', value: key }),
      }),
    )
  })
})
