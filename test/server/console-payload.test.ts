import { describe, expect, it } from 'vitest'
// @ts-expect-error: a module for browsers, whose types are comments
import { hexOf, inert, isText, jsonOf, textOf } from '../../src/console/payload.js'

const bytes = (text: string): Uint8Array => Buffer.from(text)

describe('text of a record', () => {
  it.each([
    ['\u0000\u0007\u001b[31m', '⟨NUL⟩⟨BEL⟩⟨ESC⟩[31m'],
    ['a\u007fb\u0085', 'a⟨DEL⟩b⟨U+0085⟩'],
    ['user\u202Egnp.exe', 'user⟨U+202E⟩gnp.exe'],
    ['\u2066x\u2069\u200f\u200b\ufeff', '⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩⟨U+200B⟩⟨U+FEFF⟩'],
    ['\u2028\u2029\u{e0001}', '⟨U+2028⟩⟨U+2029⟩⟨U+E0001⟩'],
    ['<b>שלום مرحبا 👋</b>', '<b>שלום مرحبا 👋</b>'],
  ])('does nothing: %j', (text, shown) => {
    expect(inert(text, true)).toBe(shown)
  })

  it('keeps its lines where lines are shown, and is one line elsewhere', () => {
    expect(inert('a\tb\nc\r\n', true)).toBe('a\tb\nc⟨CR⟩\n')
    expect(inert('a\tb\nc\r\n', false)).toBe('a⟨HT⟩b⟨LF⟩c⟨CR⟩⟨LF⟩')
  })

  it('is told from bytes that are none', () => {
    expect(isText(bytes('grüß 👋'))).toBe(true)
    expect(isText(Uint8Array.of(0xc3, 0x28))).toBe(false)
    expect(textOf(Uint8Array.of(0x61, 0xff))).toBe('a\ufffd')
  })
})

describe('JSON of a record', () => {
  it('is laid out, and otherwise as it was written', () => {
    expect(jsonOf(bytes('{"b":12345678901234567890.10,"a":[1,{"x":"},\\""}],"b":{},"c":[]}'))).toBe(
      [
        '{',
        '  "b": 12345678901234567890.10,',
        '  "a": [',
        '    1,',
        '    {',
        '      "x": "},\\""',
        '    }',
        '  ],',
        '  "b": {},',
        '  "c": []',
        '}',
      ].join('\n'),
    )
  })

  it.each(['', '{', 'hello', '{"a":1} x', '\ufffd'])('is not %j', (text) => {
    expect(jsonOf(bytes(text))).toBeUndefined()
  })

  it('is not what is no text', () => {
    expect(jsonOf(Uint8Array.of(0x22, 0xff, 0x22))).toBeUndefined()
  })

  it('bears any depth', () => {
    const deep = '['.repeat(2000) + ']'.repeat(2000)
    expect(jsonOf(bytes(deep))).toContain('[')
  })
})

describe('bytes of a record', () => {
  it('are shown with their offset and what can be printed', () => {
    const shown = hexOf(Uint8Array.from({ length: 18 }, (_, index) => index + 0x30))
    expect(shown).toBe(
      '00000000  30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f  0123456789:;<=>?\n' +
        `00000010  40 41${' '.repeat(18)}  ${' '.repeat(23)}  @A`,
    )
    expect(hexOf(Uint8Array.of(0, 0x1b, 0xff))).toMatch(/^00000000 {2}00 1b ff .* {2}\.\.\.$/)
  })
})
