import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fed, holderOf, millrace, scratchFolder, storedLines, storeWithStream } from './millrace.ts'

interface Envelope {
  readonly partitionKey: string
  readonly data: string
}

async function stored(dir: string): Promise<Envelope[]> {
  const { stdout } = await millrace('tail', 'clicks', '--dir', dir, '--json')
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Envelope)
}

describe('millrace put', () => {
  it('stores each line of a file, in order, also a last one without a newline', async () => {
    const dir = await storeWithStream()
    const file = join(await scratchFolder(), 'lines.txt')
    await writeFile(file, 'first\n\n third \r\nlast')
    const { code, stdout, stderr } = await millrace('put', 'clicks', file, '--dir', dir, '--key', 'k')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^stored 4 records, 17 B, in /)
    expect((await stored(dir)).map(({ data }) => data)).toEqual(['first', '', ' third \r', 'last'])
  })

  it('stores more than one batch from standard input, and counts exactly', async () => {
    const dir = await storeWithStream()
    const lines = Array.from({ length: 12_345 }, (_, index) => `line ${index} ${'x'.repeat(index % 97)}`)
    const { stdout } = await fed(`${lines.join('\n')}\n`, 'put', 'clicks', '--dir', dir, '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      stream: 'clicks',
      records: lines.length,
      bytes: lines.join('').length,
      lines: lines.length,
      bad: 0,
      firstBad: null,
    })
    expect(await storedLines(dir)).toEqual(lines)
  })

  it('keeps bytes that are not text as they are', async () => {
    const dir = await storeWithStream()
    await fed(Uint8Array.of(0xff, 0x00, 0x0a, 0xc3, 0x28), 'put', 'clicks', '-', '--dir', dir)
    const { stdout } = await millrace('tail', 'clicks', '--dir', dir, '--json')
    expect(stdout).toContain('"dataBase64":"/wA="')
    expect(stdout).toContain('"dataBase64":"wyg="')
  })

  it('takes the partition key from a field, however deep, and passes blank lines over', async () => {
    const dir = await storeWithStream()
    const input = '{"user":{"id":"ada"}}\n\n{"user":{"id":7}}\n  \n{"user":{"id":true}}\n'
    const key = ['--format', 'ndjson', '--key-field', 'user.id']
    expect((await fed(input, 'put', 'clicks', ...key, '--dir', dir)).code).toBe(0)
    expect((await stored(dir)).map(({ partitionKey }) => partitionKey)).toEqual(['ada', '7', 'true'])
  })

  it('uses the line number as partition key when none is named', async () => {
    const dir = await storeWithStream()
    await fed('a\nb\n', 'put', 'clicks', '--dir', dir)
    expect((await stored(dir)).map(({ partitionKey }) => partitionKey)).toEqual(['1', '2'])
  })
})

describe('a bad line', () => {
  const bad = [
    { what: 'that is not JSON', line: '{"id":', says: 'not JSON' },
    { what: 'without the key field', line: '{"ID":"x"}', says: 'the field id is missing' },
    { what: 'with an object as key', line: '{"id":{}}', says: 'no string, number or boolean' },
    { what: 'with an inherited key', line: '{"id":null}', says: 'no string, number or boolean' },
    { what: 'with an empty key', line: '{"id":""}', says: 'partitionKey must be' },
    { what: 'with too long a key', line: `{"id":"${'k'.repeat(257)}"}`, says: 'partitionKey must be' },
    {
      what: 'that is too large a record',
      line: `{"id":"x","pad":"${'p'.repeat(1024 * 1024)}"}`,
      says: 'bytes',
    },
    {
      what: 'that no store takes',
      line: `{"id":"${'x'.repeat(11 * 1024 * 1024)}"}`,
      says: 'longer than 10485760',
    },
  ]
  const ndjson = ['--format', 'ndjson', '--key-field', 'id']

  it.each(bad)('$what is named, and stops the command behind the lines before it', async ({ line, says }) => {
    const dir = await storeWithStream()
    const good = Array.from({ length: 700 }, (_, index) => `{"id":"${index}"}`)
    const input = [...good, line, '{"id":"behind"}'].join('\n')
    const { code, stdout, stderr } = await fed(input, 'put', 'clicks', ...ndjson, '--dir', dir)
    expect(code).toBe(1)
    expect(stdout).toMatch(/^stored 700 records, /)
    expect(stderr).toMatch(/^millrace: ERR_MILLRACE_[A-Z_]+: line 701: [^\n]*\n$/)
    expect(stderr).toContain(says)
    expect(await storedLines(dir)).toEqual(good)
  })

  it('of any kind is counted and passed over with --skip-bad', async () => {
    const dir = await storeWithStream()
    const input = bad.flatMap(({ line }, index) => [`{"id":"${index}"}`, line]).join('\n')
    const { code, stdout } = await fed(
      input,
      'put',
      'clicks',
      ...ndjson,
      '--skip-bad',
      '--json',
      '--dir',
      dir,
    )
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      records: bad.length,
      lines: 2 * bad.length,
      bad: bad.length,
      firstBad: { line: 2, reason: expect.stringContaining('not JSON') },
    })
    expect(await storedLines(dir)).toEqual(bad.map((_, index) => `{"id":"${index}"}`))
  })
})

describe('millrace put fails without a stack trace', () => {
  it.each([
    { what: 'a file that is not there', args: ['clicks', '/does/not/exist'], code: 'ENOENT' },
    { what: 'a stream that is not there', args: ['nope'], code: 'ERR_MILLRACE_STREAM_NOT_FOUND' },
    { what: 'a folder instead of a file', args: ['clicks', '/'], code: 'EISDIR' },
  ])('for $what', async ({ args, code }) => {
    const dir = await storeWithStream()
    const ended = await fed('a\n', 'put', ...args, '--dir', dir)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(new RegExp(`^millrace: ${code}: [^\n]*\n$`))
  })

  it('for a store that another process has open for writing', async () => {
    const dir = await storeWithStream()
    const holder = await holderOf(dir)
    const refused = await fed('a\n', 'put', 'clicks', '--dir', dir)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^millrace: ERR_MILLRACE_STORE_BUSY: [^\n]*\n$/)
    await holder.end()
    expect(await storedLines(dir)).toEqual(['held'])
  })
})
