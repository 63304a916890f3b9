import { describe, expect, it } from 'vitest'
import { CborTime, decodeCbor } from '../../../src/aws/wire/cbor.ts'
import { CborWriter } from '../../../src/aws/wire/cbor-writer.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** A writer's bytes, as hex. */
function written(write: (writer: CborWriter) => void): string {
  const writer = new CborWriter()
  write(writer)
  return Buffer.from(writer.finish()).toString('hex')
}

describe('a document in CBOR', () => {
  // The examples of RFC 8949, appendix A, of kinds that a request can have.
  it.each([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['20', -1],
    ['3863', -100],
    ['3903e7', -1000],
    ['f90000', 0],
    ['f93c00', 1],
    ['fb3ff199999999999a', 1.1],
    ['f97bff', 65_504],
    ['fa47c35000', 100_000],
    ['f90001', 5.960464477539063e-8],
    ['f90400', 0.00006103515625],
    ['f9c400', -4],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', undefined],
    ['60', ''],
    ['6449455446', 'IETF'],
    ['62c3bc', 'ü'],
    ['80', []],
    ['83010203', [1, 2, 3]],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['9fff', []],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['7f657374726561646d696e67ff', 'streaming'],
  ])('%s is read', (text, value) => {
    const read = decodeCbor(hex(text))
    expect(read).toEqual(value)
  })

  it('has byte strings, whole or in pieces', () => {
    expect(decodeCbor(hex('4401020304'))).toEqual(Uint8Array.of(1, 2, 3, 4))
    expect(decodeCbor(hex('5f42010243030405ff'))).toEqual(hex('0102030405'))
  })

  it('has times as tag 1 around milliseconds', () => {
    expect(decodeCbor(hex('c11b0000018bcfe5687b'))).toEqual(new CborTime(1_700_000_000_123))
    expect(written((writer) => writer.time(1_700_000_000_123))).toBe('c11b0000018bcfe5687b')
  })

  it('takes a key that objects have by themselves for a key', () => {
    const read = decodeCbor(hex(`a1${'69'}${Buffer.from('__proto__').toString('hex')}01`)) as object
    expect(Object.keys(read)).toEqual(['__proto__'])
  })

  it.each([
    ['', 'nothing'],
    ['18', 'a length that is cut off'],
    ['61', 'a text that is cut off'],
    ['5b7fffffffffffffff', 'a byte string of 2^63 bytes'],
    ['9b7fffffffffffffff', 'a list of 2^63 entries'],
    ['a10102', 'a key that is no text'],
    ['0000', 'two items'],
    ['c074323031332d30332d32315432303a30343a30305a', 'a tag that nobody sends'],
    ['f0', 'a simple value that nobody sends'],
    ['ff', 'a break outside of a list'],
    ['5f6101ff', 'a text among the pieces of bytes'],
    ['81'.repeat(100), 'lists in lists in lists'],
    ['1c', 'a reserved length'],
  ])('is refused: %s, %s', (text) => {
    expect(() => decodeCbor(hex(text))).toThrow(expect.objectContaining({ type: 'SerializationException' }))
  })

  it.each([
    [0, '00'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65_536, '1a00010000'],
    [2 ** 32, '1b0000000100000000'],
    [-1, '20'],
    [-500, '3901f3'],
    [1.5, 'fb3ff8000000000000'],
  ])('writes %d', (value, text) => {
    expect(written((writer) => writer.number(value))).toBe(text)
  })

  it.each([0, 11, 12, 23, 24, 127, 128, 255, 256, 40_000])(
    'says how many bytes a text has, of %d characters that have one or two',
    (count) => {
      for (const character of ['a', 'é']) {
        const text = character.repeat(count)
        const bytes = Buffer.from(text)
        // A blob of the same bytes differs in its kind only, and in how it is written.
        const expected = Buffer.from(
          written((writer) => writer.blob(bytes)),
          'hex',
        )
        expected[0] = (expected[0] as number) + 0x20
        expect(written((writer) => writer.text(text)) === expected.toString('hex')).toBe(true)
      }
    },
  )

  it('reads names that are alike', () => {
    const names = ['Data', 'Dara', 'Dat', 'Dät', 'Datä', '', 'D', '\uFFFD', 'Data']
    const writer = new CborWriter()
    writer.map(names.length)
    for (const name of names) {
      writer.text(name)
      writer.text(name)
    }
    expect(decodeCbor(writer.finish())).toEqual(Object.fromEntries(names.map((name) => [name, name])))
    // Two bytes that are no character are read as one that is, and as nothing else.
    expect(decodeCbor(hex('a261ff0161fe02'))).toEqual({ '\uFFFD': 2 })
  })

  it('writes what it reads', () => {
    const blob = new Uint8Array(70_000).fill(7)
    const writer = new CborWriter()
    writer.map(3)
    writer.text('blob')
    writer.blob(blob)
    writer.text('list')
    writer.list(2)
    writer.boolean(true)
    writer.boolean(false)
    writer.text('text')
    writer.text('é'.repeat(300))
    expect(decodeCbor(writer.finish())).toEqual({ blob, list: [true, false], text: 'é'.repeat(300) })
  })
})
