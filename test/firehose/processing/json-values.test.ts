import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isDeeper, jsonValuesIn } from '../../../src/firehose/processing/json-values.ts'

function texts(json: string | Uint8Array): readonly string[] | undefined {
  return jsonValuesIn(Buffer.from(json))?.map((value) => Buffer.from(value).toString())
}

describe('JSON values one after the other', () => {
  it.each([
    ['{"a":1}{"a":2}', ['{"a":1}', '{"a":2}']],
    [' {"a":1}\r\n\t{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['{"a":"}{"}{"b":"\\"}{"}', ['{"a":"}{"}', '{"b":"\\"}{"}']],
    ['{"a":"\\\\"}{"b":1}', ['{"a":"\\\\"}', '{"b":1}']],
    ['[{"a":[1,2]}]5 -1.5e3\ntrue"x"null', ['[{"a":[1,2]}]', '5', '-1.5e3', 'true', '"x"', 'null']],
    ['', []],
    [' \n', []],
    ['{"ä":"日本"}{}', ['{"ä":"日本"}', '{}']],
  ])('are found in %j', (json, expected) => {
    expect(texts(json)).toEqual(expected)
  })

  it.each([
    '{',
    '{"a":1',
    '{"a":"}',
    '"',
    '"\\"',
    '[[]',
    '{"a":1},{"a":2}',
    '{}]',
    '}',
    ',',
    '\0',
    '{}\u{feff}{}',
  ])('are not in %j', (json) => {
    expect(texts(json)).toBeUndefined()
  })

  it('are found whatever they hold', () => {
    const values = fc.array(fc.jsonValue().filter((value) => typeof value === 'object' && value !== null))
    fc.assert(
      fc.property(values, fc.constantFrom('', '\n', ' '), (all, between) => {
        const each = all.map((value) => JSON.stringify(value))
        expect(texts(each.join(between))).toEqual(each)
      }),
    )
  })

  it('are looked for in bytes that are no text without a crash', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const found = jsonValuesIn(bytes) ?? []
        expect(found.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(bytes.length)
        for (const { length } of found) expect(length).toBeGreaterThan(0)
      }),
      { numRuns: 2000 },
    )
  })

  it('are found in deep nesting and long runs in little time', () => {
    const deep = '['.repeat(500_000) + ']'.repeat(500_000)
    expect(jsonValuesIn(Buffer.from(deep))).toHaveLength(1)
    expect(jsonValuesIn(Buffer.from('\\"'.repeat(500_000)))).toBeUndefined()
    expect(jsonValuesIn(Buffer.from(`"${'\\'.repeat(999_998)}"`))).toHaveLength(1)
  })
})

describe('the depth of JSON', () => {
  it('counts arrays and objects in each other, and nothing in texts', () => {
    const json = Buffer.from('[{"[[[":"]]\\"[[[["},[],[[]]]')
    expect(isDeeper(json, 3)).toBe(false)
    expect(isDeeper(json, 2)).toBe(true)
  })
})
