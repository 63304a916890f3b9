import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ExactNumber } from '../../../../src/firehose/format/parquet/exact-number.ts'
import { jsonValues } from '../../../../src/firehose/format/parquet/json-values.ts'
import { Misfit } from '../../../../src/firehose/format/parquet/misfit.ts'

/** A number that takes the longer way; what is before it must come out the same. */
const long = '1234567890123456789'

/** As JSON.parse would have it. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each) => (each instanceof ExactNumber ? Number(each.text) : each)))

describe('the values of a record', () => {
  it.each([
    ['{"a":1}', [{ a: 1 }]],
    [' {"a":1}\n', [{ a: 1 }]],
    ['{"a":1}{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['{"a":1} \r\n\t{"a":[{}, [], "\\u00e9\\n"]}', [{ a: 1 }, { a: [{}, [], 'é\n'] }]],
    ['[1,2]', [[1, 2]]],
    ['1 "x"null true false', [1, 'x', null, true, false]],
  ])('are found: %s', (text, values) => {
    expect(plain(jsonValues(text))).toEqual(values)
  })

  it('are the same the long way as of JSON.parse', () => {
    const json = fc.json({ maxDepth: 4 })
    fc.assert(
      fc.property(json, fc.constantFrom('', ' ', '\n'), (text, blank) => {
        const [value, last] = jsonValues(`${text}${blank || ' '}${long}`)
        expect(plain(value)).toEqual(plain(JSON.parse(text)))
        expect(last).toEqual(new ExactNumber(long))
      }),
    )
  })

  it('keep every digit of long numbers', () => {
    expect(jsonValues(`{"id":${long},"n":-0.12345678901234567e-5,"short":12.5}`)).toEqual([
      { id: new ExactNumber(long), n: new ExactNumber('-0.12345678901234567e-5'), short: 12.5 },
    ])
  })

  it('have no prototype to be reached through a key', () => {
    const [value] = jsonValues(`{"__proto__":{"x":${long}}}`)
    expect(Object.keys(value as object)).toEqual(['__proto__'])
  })

  it.each([
    '',
    ' \n',
    '{',
    '{"a"',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '[1,]',
    '{"a":01}',
    '{"a":1.}',
    '{"a":+1}',
    '{"a":NaN}',
    '{"a":"\u0000"}',
    '{"a":"line\nbreak"}',
    '{"a":"\\x"}',
    '{"a":"\\u12"}',
    '{"a":tru}',
    '{"a":1}}',
    '{"a":1},{"a":2}',
    '\ufeff{"a":1}',
  ])('are refused where they are none: %j', (text) => {
    expect(() => jsonValues(text)).toThrow(Misfit)
    expect(() => jsonValues(`[${long}${text.trim() && ','}${text}`)).toThrow(Misfit)
  })

  it('are refused when they are nested without end', () => {
    const deep = `${'['.repeat(400_000)}${long}`
    expect(() => jsonValues(deep)).toThrow('It is nested more than 1000 levels deep')
  })

  it.each([
    ['escapes', String.raw`\n`],
    ['escapes and symbols', String.raw`x\"`],
    ['symbols', 'x'],
    ['symbols of two units', '😀'],
  ])('may be strings of millions of %s', (_, piece) => {
    const text = `"${piece.repeat(4_000_000)}"`
    expect(jsonValues(`{${text}:${text},"id":${long}}`)).toEqual([
      { [JSON.parse(text) as string]: JSON.parse(text), id: new ExactNumber(long) },
    ])
  })

  it('may be as long as a record', () => {
    const text = JSON.stringify({ text: 'x\n'.repeat(400_000), id: 1 })
    expect(plain(jsonValues(text + text))).toHaveLength(2)
  })
})
