import { describe, expect, it } from 'vitest'
import { RecordSlabBuilder } from '../../../../src/firehose/format/parquet/record-slab.ts'

/** Fills a slab with records of one letter. */
function filled(builder: RecordSlabBuilder, letter: string): number {
  while (builder.add(Buffer.from(letter.repeat(10))));
  return builder.count
}

describe('slabs of records', () => {
  it('hold as many records as fit, and where each ends', () => {
    const builder = new RecordSlabBuilder(25)
    expect(filled(builder, 'a')).toBe(2)
    const { bytes, ends } = builder.take()
    expect([Buffer.from(bytes).toString(), [...ends]]).toEqual(['a'.repeat(20), [10, 20]])
    expect(builder.count).toBe(0)
  })

  it('hold one record, however large it is', () => {
    const builder = new RecordSlabBuilder(4)
    expect(builder.add(Buffer.from('large'))).toBe(true)
    expect(builder.add(Buffer.from('b'))).toBe(false)
    expect(Buffer.from(builder.take().bytes).toString()).toBe('large')
  })

  it('stay as they are while the next one is filled', () => {
    const builder = new RecordSlabBuilder(100_000)
    for (const letter of 'abcd') {
      filled(builder, letter)
      const taken = builder.take()
      filled(builder, 'z')
      expect(Buffer.from(taken.bytes).toString()).toBe(letter.repeat(100_000))
      builder.take()
    }
  })

  it('use the same memory again', () => {
    const builder = new RecordSlabBuilder(100)
    const places = Array.from({ length: 6 }, () => {
      filled(builder, 'a')
      return builder.take().bytes.buffer
    })
    expect(new Set(places).size).toBe(2)
  })
})
