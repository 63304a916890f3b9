import { describe, expect, it } from 'vitest'
import { decodeCbor } from '../../../src/aws/wire/cbor.ts'
import { parseJson } from '../../../src/aws/wire/json.ts'
import { parseJsonDocument } from '../../../src/aws/wire/json-blobs.ts'
import { valuesMax } from '../../../src/aws/wire/value-bound.ts'

const refusal = expect.objectContaining({
  type: 'SerializationException',
  message: `the request body has more than ${valuesMax} values`,
})

/** A list in CBOR whose items are these bytes. */
function cborList(count: number, item: string): Uint8Array {
  const head = Buffer.from([0x9a, 0, 0, 0, 0])
  head.writeUInt32BE(count, 1)
  return Buffer.concat([head, Buffer.from(item.repeat(count), 'hex')])
}

/** A map in CBOR that has the same member again and again. */
function cborMap(members: number): Uint8Array {
  return Buffer.from(`bf${'6000'.repeat(members)}ff`, 'hex')
}

/** A list in JSON, padded so that it is long enough to be counted. */
function jsonList(count: number, item: string): string {
  return `${' '.repeat(2 * valuesMax)}[${Array.from({ length: count }, () => item).join(',')}]`
}

describe('the values of a request in CBOR', () => {
  it.each(['a0', '80', '40', '60', '00', '5fff'])('%s are counted', (item) => {
    expect(decodeCbor(cborList(valuesMax - 1, item))).toHaveLength(valuesMax - 1)
    expect(() => decodeCbor(cborList(valuesMax, item))).toThrow(refusal)
  })

  it.each(['5f', '7f'])('are also the pieces of a string that begins with %s', (begin) => {
    const piece = begin === '5f' ? '40' : '60'
    const text = (pieces: number): Buffer => Buffer.from(`${begin}${piece.repeat(pieces)}ff`, 'hex')
    expect(decodeCbor(text(valuesMax - 1))).toHaveLength(0)
    expect(() => decodeCbor(text(valuesMax))).toThrow(refusal)
  })

  it('are also the names of members', () => {
    expect(decodeCbor(cborMap(valuesMax / 2 - 1))).toEqual({ '': 0 })
    expect(() => decodeCbor(cborMap(valuesMax / 2))).toThrow(refusal)
  })
})

describe('the values of a request in JSON', () => {
  it.each(['0', '""', 'null', '"\\\\"', '",,,"', '"[{\\",["'])('%s are counted', (item) => {
    expect(parseJson(jsonList(valuesMax - 1, item))).toHaveLength(valuesMax - 1)
    expect(() => parseJson(jsonList(valuesMax, item))).toThrow(refusal)
  })

  it.each(['{}', '[]', '{"34":0}'])('%s count twice', (item) => {
    expect(parseJson(jsonList(valuesMax / 2 - 1, item))).toHaveLength(valuesMax / 2 - 1)
    expect(() => parseJson(jsonList(valuesMax / 2, item))).toThrow(refusal)
  })

  it('are counted where they nest, and in bytes as in text', () => {
    const nested = '['.repeat(valuesMax) + ']'.repeat(valuesMax)
    expect(() => parseJson(nested)).toThrow(refusal)
    expect(() => parseJson(Buffer.from(nested))).toThrow(refusal)
  })

  it.each(['{}', '[]', '""'])('are counted beside blobs, too: %s', (item) => {
    const items = (count: number): string => Array.from({ length: count }, () => item).join(',')
    const body = (count: number): Uint8Array =>
      Buffer.from(`{"Data":"${'YWJj'.repeat(100_000)}","More":[${items(count)}]}`)
    expect(() => parseJsonDocument(body(100))).not.toThrow()
    expect(() => parseJsonDocument(body(valuesMax))).toThrow(refusal)
  })
})
