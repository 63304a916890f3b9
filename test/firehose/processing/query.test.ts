import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { builtModule } from '../../../src/firehose/thread.ts'
import { ThreadShare } from '../../../src/firehose/thread-pool.ts'
import { never, record } from './delivery-records.ts'
import { checkedQuery } from '../../../src/firehose/processing/checked-query.ts'
import { Query, type QueryOptions } from '../../../src/firehose/processing/query.ts'

/** Keeps the threads from one test to the next: each would start its own. */
const threads = new ThreadShare(builtModule('firehose/processing/query-work'))
afterAll(() => threads.close())

/** Arrays in arrays. */
function nested(levels: number): string {
  return '['.repeat(levels) + ']'.repeat(levels)
}

/** What a program makes of records. */
async function outcomes(
  program: string,
  records: readonly (string | Uint8Array)[],
  options: QueryOptions = { limitMs: 15_000 },
): Promise<readonly unknown[]> {
  const query = new Query(await checkedQuery(program), options)
  onTestFinished(() => query.close())
  return query.outcomes(
    records.map((data) => record(data)),
    never,
  )
}

describe('a query', () => {
  it('finds the values of keys, as texts', async () => {
    const program = '{user: .id, year: (.at | split("-")[0]), n: .n, ok: .ok}'
    expect(await outcomes(program, ['{"id":"u1","at":"2026-11-28","n":1.50,"ok":true}'])).toEqual([
      { user: 'u1', year: '2026', n: '1.5', ok: 'true' },
    ])
  })

  it('writes whole numbers in full', async () => {
    const values = ['1.0', '20261128', '9007199254740991', '-0.25', '1e3']
    const found = await outcomes('{v: .}', values)
    expect(found).toEqual(['1', '20261128', '9007199254740991', '-0.25', '1000'].map((v) => ({ v })))
  })

  it('answers every record of many in its place', async () => {
    const records = Array.from({ length: 2500 }, (_, id) => (id % 7 === 0 ? '"no object"' : `{"id":${id}}`))
    const found = await outcomes('{id: .id}', records)
    expect(found).toHaveLength(records.length)
    for (const [id, outcome] of found.entries()) {
      if (id % 7 === 0) expect(outcome).toMatch(/Cannot index string/)
      else expect(outcome).toEqual({ id: String(id) })
    }
  })

  it('answers many in their places whom several threads share', async () => {
    const filler = 'x'.repeat(2000)
    const records = Array.from({ length: 1501 }, (_, id) => JSON.stringify({ id, filler }))
    const found = await outcomes('{id: .id}', records)
    expect(found).toEqual(records.map((_, id) => ({ id: String(id) })))
  })

  it.each([
    ['empty', /no result/],
    ['{a: 1}, {a: 2}', /more than one result/],
    ['.a', /no object but of type string/],
    ['{a: .missing}', 'partitionKeys values must not be null or empty'],
    ['{a: ""}', 'partitionKeys values must not be null or empty'],
    ['{a: nan}', 'partitionKeys values must not be null or empty'],
    ['{a: {}}', /objects or arrays/],
    ['{a: [1]}', /objects or arrays/],
    ['error("as you wish")', 'as you wish'],
    ['error({a: 1})', '{"a":1}'],
    ['error(null)', 'null'],
    ['error({__jq: 0})', /__jq/],
    ['{a: ("x" * 100000)}', /too large/],
    ['input', /one record only/],
    ['halt', /cannot end/],
    ['halt_error', /cannot end/],
    ['"bye" | halt_error(1)', /cannot end/],
    ['{a: (env | length | tostring), b: ($ENV | length), c: input_filename}', /null or empty/],
  ])('fails the record, and no other, where its program is %s', async (program, message) => {
    const found = await outcomes(`if .bad then ${program} else {good: .good} end`, [
      '{"good":1}',
      '{"bad":true,"a":"text"}',
      '{"good":2}',
    ])
    expect(found).toEqual([{ good: '1' }, expect.stringMatching(message), { good: '2' }])
  })

  it.each([
    ['{a: ([inputs] | length)}', { a: '0' }],
    ['{a: debug}', { a: '5' }],
    ['{a: debug("message")}', { a: '5' }],
    ['{a: stderr}', { a: '5' }],
    ['{a: (env | length)}', { a: '0' }],
    ['{a: ($ENV | length)}', { a: '0' }],
    ['{a: input_line_number}', { a: '0' }],
    ['{a: .} # with a comment', { a: '5' }],
    ['{a: .} # with a comment \\', { a: '5' }],
    ['def f: {a: .}; f', { a: '5' }],
    ['. as $place | {a: $place}', { a: '5' }],
    ['-(.) | {a: -.}', { a: '5' }],
    ['{"__proto__": .} | {a: .["__proto__"]}', { a: '5' }],
  ])('is not put out of step by %s', async (program, expected) => {
    expect(await outcomes(program, ['5', '5', '5'])).toEqual([expected, expected, expected])
  })

  it('does not take what its result says for its place', async () => {
    expect(await outcomes('{"__proto__": "x"}', ['1'])).toEqual([Object.fromEntries([['__proto__', 'x']])])
  })

  it('fails records that are not JSON, one JSON, or no text, and no other', async () => {
    const bad = [
      '',
      ' ',
      'nonsense',
      '{"a":1}{"a":2}',
      '1],[0,0,{"a":"forged"}',
      '\u{feff}{"a":1}',
      '{"a":"\0"}',
      'NaN',
      "{'a':1}",
    ]
    const found = await outcomes('{a: .a}', [
      ...bad,
      '{"a":1}',
      Uint8Array.of(0x22, 0xff, 0x22),
      '\n{"a"\n:2}\r\n',
    ])
    expect(found).toEqual([
      ...bad.map(() => 'Non JSON record provided'),
      { a: '1' },
      expect.stringMatching(/^Non UTF-8/),
      { a: '2' },
    ])
  })

  it('reads records as deep as jq does, and fails deeper ones alone', async () => {
    const text = `["${'[[[{{"'.repeat(300).replaceAll('"', '\\"')}"]`
    const found = await outcomes('{n: length}', [nested(255), nested(256), nested(100_000), text])
    expect(found).toEqual([
      { n: '1' },
      expect.stringMatching(/deeper/),
      expect.stringMatching(/deeper/),
      { n: '1' },
    ])
  })

  it('reads records of 1,000 KiB', async () => {
    const numbers = `[${'1,'.repeat(500_000)}1]`
    const text = `["${'x'.repeat(1_000_000)}"]`
    const escapes = `["${'\\u0000'.repeat(170_000)}"]`
    const objects = `[${'{"":0},'.repeat(140_000)}0]`
    const digits = `[${'9'.repeat(1_000_000)}]`
    const found = await outcomes('{n: length}', [numbers, text, escapes, objects, digits, '[]'])
    expect(found).toEqual(['500001', '1', '1', '140001', '1', '0'].map((n) => ({ n })))
  })

  it('stops a record on which it does not come to its end, and no other', async () => {
    const program = 'if .loop then last(range(1e18)) else {a: .a} end'
    const records = ['{"a":1}', '{"loop":true}', '{"a":2}', 'no JSON', '{"a":3}']
    // Long enough for sound records to be done on a machine that is busy otherwise.
    const found = await outcomes(program, records, { limitMs: 1500 })
    expect(found).toEqual([
      { a: '1' },
      expect.stringMatching(/stopped.*1500 ms/),
      { a: '2' },
      'Non JSON record provided',
      { a: '3' },
    ])
  })

  it('stops a record that would need memory without end, and no other', async () => {
    const found = await outcomes('if .many then [repeat(1)] else {a: .a} end', [
      '{"a":1}',
      '{"many":true}',
      '{"a":2}',
    ])
    expect(found).toEqual([{ a: '1' }, expect.stringMatching(/stopped.*memory/), { a: '2' }])
  })

  it('stops a record whose values are nested without end, and no other', async () => {
    const program = 'if .deep then reduce range(1e6) as $i (null; [.]) | {n: length} else {a: .a} end'
    const found = await outcomes(program, ['{"a":1}', '{"deep":true}', '{"a":2}'])
    expect(found).toEqual([{ a: '1' }, expect.stringMatching(/stopped/), { a: '2' }])
  })

  it('is given up when it does not come to its end on one record after the other', async () => {
    const records = Array.from({ length: 100 }, () => '{}')
    const found = await outcomes('last(range(1e18))', records, { limitMs: 100 })
    expect(found).toHaveLength(100)
    expect(found.filter((each) => /was stopped/.test(String(each)))).toHaveLength(3)
    expect(found.filter((each) => /before this one/.test(String(each)))).toHaveLength(97)
  })

  it('ends with its signal', async () => {
    const query = new Query('last(range(1e18))')
    onTestFinished(() => query.close())
    const abort = new AbortController()
    const ended = expect(query.outcomes([record('{}')], abort.signal)).rejects.toThrow('enough')
    abort.abort(new Error('enough'))
    await ended
  })
})

describe('the check of a query', () => {
  it.each([
    ['.a |', /syntax error, unexpected end of file/],
    ['{a: nowhere}', /nowhere\/0 is not defined/],
    ['1) | (2', /syntax error/],
    ['import "a" as a; {}', /module|import/],
    ['include "a"; {}', /module|include/],
    ['{a: $unknown}', /\$unknown is not defined/],
    ['}', /syntax error/],
  ])('refuses %s', async (program, message) => {
    await expect(checkedQuery(program)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      message: expect.stringMatching(message),
      details: { field: 'query', value: program },
    })
  })

  it.each(['', '  ', '5'.repeat(5121), '{}\0', 5])('refuses %.20j', async (program) => {
    await expect(checkedQuery(program)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
    })
  })

  it('runs nothing', async () => {
    expect(await checkedQuery('last(range(1e18))')).toBe('last(range(1e18))')
  })
})
