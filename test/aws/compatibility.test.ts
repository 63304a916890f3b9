import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { operations as firehoseOperations } from '../../src/aws/firehose/operations.ts'
import { operations } from '../../src/aws/kinesis/operations.ts'
import { firehoseModel, kinesisModel } from '../../src/aws/model/model.ts'
import { compatibilityPage, rulesIn, sources, type TestFile } from './compatibility.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const page = join(root, 'docs/aws-compatibility.md')

function testFiles(): readonly TestFile[] {
  return readdirSync(join(root, 'test/aws'), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/aws/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith('.test.ts') && !path.endsWith('compatibility.test.ts'))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

describe('docs/aws-compatibility.md', () => {
  it('says what the titles of the tests say: npm run compatibility writes it', () => {
    const current = compatibilityPage(
      { model: kinesisModel, operations: new Set(operations.keys()) },
      { model: firehoseModel, operations: new Set(firehoseOperations.keys()) },
      testFiles(),
    )
    if (process.env['MILLRACE_COMPATIBILITY'] === 'make') writeFileSync(page, current)
    expect(existsSync(page) ? readFileSync(page, 'utf8') : '').toBe(current)
  })

  it('knows every letter that a title has', () => {
    const letters = testFiles()
      .flatMap(rulesIn)
      .flatMap((rule) => rule.sources)
    expect(letters.length).toBeGreaterThan(50)
    expect(letters.filter((letter) => sources[letter] === undefined)).toEqual([])
  })
})

const file = (text: string): TestFile => ({ path: 'test/aws/some.test.ts', text })

describe('a rule', () => {
  it('is read from titles of tests, also of those with cases', () => {
    const text = `it('[A] iterators: hold', () => {})
      it.each([[1]])('[K][T] shards: it\\'s %d', () => {})
      describe("[?] reading: one", () => {})
      it('no rule', () => {})`
    expect(
      rulesIn(file(text)).map(({ sources: letters, topic, rule }) => [letters.join(''), topic, rule]),
    ).toEqual([
      ['A', 'iterators', 'hold'],
      ['KT', 'shards', "it's %d"],
      ['?', 'reading', 'one'],
    ])
  })
})
