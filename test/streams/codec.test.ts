import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import {
  bytesCodec,
  type Codec,
  encodeWith,
  jsonCodec,
  msgpackCodec,
  textCodec,
} from '../../src/streams/codec.ts'

function roundTrip<T>(codec: Codec<T>, value: T): T {
  const payload = encodeWith(codec, value)
  return codec.decode(typeof payload === 'string' ? Buffer.from(payload) : Uint8Array.from(payload))
}

const encodeWithBytes = (bytes: Uint8Array): Uint8Array => encodeWith(bytesCodec, bytes) as Uint8Array

const value = { id: 7, tags: ['a', 'ü', '😀'], nested: { none: null, yes: true, pi: 3.25 } }

describe('codecs', () => {
  it('give back what they were given', () => {
    expect(roundTrip(bytesCodec, Uint8Array.of(0, 255))).toEqual(Uint8Array.of(0, 255))
    expect(roundTrip(textCodec, '\ufefftext ü 😀\n')).toBe('\ufefftext ü 😀\n')
    expect(roundTrip(jsonCodec(), value)).toEqual(value)
    expect(roundTrip(msgpackCodec(), value)).toEqual(value)
    expect(roundTrip(msgpackCodec(), { at: new Date(5), raw: Uint8Array.of(120) })).toEqual({
      at: new Date(5),
      raw: Uint8Array.of(120),
    })
  })

  it('take bytes of another realm', () => {
    const foreign = runInNewContext('new Uint8Array([1, 2])') as Uint8Array
    expect([...encodeWithBytes(foreign)]).toEqual([1, 2])
  })

  it('write plain JSON and plain MessagePack, which others read too', () => {
    expect(encodeWith(jsonCodec(), value)).toBe(JSON.stringify(value))
    const encoded = encodeWith(msgpackCodec(), [1, 'a']) as Uint8Array
    expect([...encoded]).toEqual([0x92, 1, 0xa1, 0x61])
  })

  it.each([
    ['bytes', bytesCodec, 'text'],
    ['bytes', bytesCodec, [1, 2]],
    ['bytes', bytesCodec, new Float64Array(1)],
    ['bytes', bytesCodec, new Proxy(new Uint8Array(1), {})],
    ['bytes', bytesCodec, Object.create(Uint8Array.prototype)],
    ['text', textCodec, 7],
    ['text', textCodec, undefined],
  ] as const)('of %s refuse other types by name', (_name, codec, wrong) => {
    expect(() => encodeWith(codec as Codec<unknown>, wrong)).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: expect.objectContaining({ field: 'data', value: wrong }),
      }),
    )
  })

  it.each([
    ['undefined in JSON', jsonCodec(), undefined],
    ['a function in JSON', jsonCodec(), () => {}],
    ['a BigInt in JSON', jsonCodec(), 7n],
    ['a lone surrogate in text', textCodec, '\ud800'],
    [
      'an encoder that throws',
      {
        name: 'x',
        encode: () => {
          throw new Error('no')
        },
        decode: () => 1,
      },
      1,
    ],
    ['an encoder that answers nothing', { name: 'x', encode: () => undefined, decode: () => 1 }, 1],
  ])('report %s as a fault of the codec', (_what, codec, wrong) => {
    expect(() => encodeWith(codec as Codec<unknown>, wrong)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_CODEC' }),
    )
  })

  it('never turn bytes that are not UTF-8 into other text', () => {
    expect(() => textCodec.decode(Uint8Array.of(0xff))).toThrow()
    expect(() => jsonCodec().decode(Uint8Array.of(0x22, 0xff, 0x22))).toThrow()
  })
})
