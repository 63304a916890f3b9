import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openToken, sealToken } from '../../../src/aws/wire/sealed-token.ts'

const key = Buffer.from('a key')

describe('a sealed token', () => {
  it('[K] tokens: begin and measure as those of AWS', () => {
    for (const inside of ['', 'x', 'x'.repeat(110), 'x'.repeat(111), 'x'.repeat(330)]) {
      const bytes = Buffer.from(sealToken(inside, key, 'test'), 'base64')
      expect(bytes.subarray(0, 8)).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]))
      expect((bytes.length - 152) % 16).toBe(0)
      expect(bytes.length).toBeGreaterThanOrEqual(152)
    }
    expect(sealToken('x'.repeat(330), key, 'test').length).toBeLessThanOrEqual(512)
  })

  it('[L] tokens: are taken in double quotes, too', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (text) => {
        fc.pre(!/[\ud800-\udfff]/.test(text))
        const token = sealToken(text, key, 'test')
        expect(openToken(token)?.inside).toBe(text)
        expect(openToken(`"${token}"`)?.inside).toBe(text)
        expect(openToken(token)?.isSealedWith(key, 'test')).toBe(true)
      }),
    )
  })

  it('notices every change of a bit', () => {
    const bytes = Buffer.from(sealToken('something', key, 'test'), 'base64')
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(openToken(changed.toString('base64'))?.isSealedWith(key, 'test') ?? false).toBe(false)
    }
  })

  it('is not taken for another purpose or with another key', () => {
    const token = openToken(sealToken('x', key, 'one'))
    expect(token?.isSealedWith(key, 'two')).toBe(false)
    expect(token?.isSealedWith(Buffer.from('another'), 'one')).toBe(false)
  })

  it.each(['', 'abc', '"', '""', 'A'.repeat(204), `${sealToken('x', key, 'test')}=`])('is not %j', (text) => {
    expect(openToken(text)).toBeUndefined()
  })
})
