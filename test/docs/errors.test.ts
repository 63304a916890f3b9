import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../src/errors.ts'
import { filesBelow, textOf } from '../tidy/checkout.ts'
import { withoutComments } from '../tidy/code.ts'
import { plain, type Table, tablesOf } from './markdown.ts'
import { pageAt } from './pages.ts'

const tables = tablesOf(pageAt('docs/errors.md').text)
const rowsOf = (wanted: (table: Table) => boolean): Table['rows'] =>
  tables.filter(wanted).flatMap(({ rows }) => rows)
const rows = rowsOf(({ heading }) => heading !== 'Warnings')
const warnings = rowsOf(({ heading }) => heading === 'Warnings')

const source = filesBelow('src')
  .filter(({ path }) => path.endsWith('.ts'))
  .map(({ text }) => withoutComments(text))
  .join('\n')
const binding = textOf('native/binding/convert.cc').replace(/\/\/[^\n]*/g, '')

/** Whether a statement, and not a list or a comment, makes an error with this code. */
function isThrown(code: string): boolean {
  return new RegExp(`new MillraceError\\(\\s*'${code}'`).test(source) || binding.includes(`return "${code}"`)
}

describe('docs/errors.md', () => {
  it('has every code, once', () => {
    const documented = rows.map(({ code = '' }) => plain(code))
    expect(documented.toSorted()).toEqual([...errorCodes].toSorted())
  })

  it('says of each when it happens and what to do', () => {
    const silent = [...rows, ...warnings].filter((row) => row['when'] === '' || row['what to do'] === '')
    expect(silent).toEqual([])
  })

  it('has every warning, once', () => {
    const declared = /code:((?:[\s|]*'[a-z-]+')+)/.exec(textOf('src/streams/warning.ts'))?.[1] ?? ''
    const codes = [...declared.matchAll(/'([a-z-]+)'/g)].map((match) => match[1])
    expect(codes.length).toBeGreaterThan(0)
    expect(warnings.map(({ code = '' }) => plain(code)).toSorted()).toEqual(codes.toSorted())
  })
})

describe('a code', () => {
  it.each(errorCodes)('%s is thrown somewhere', (code) => {
    expect(isThrown(code)).toBe(true)
  })

  it('that nobody throws is found out', () => {
    expect(isThrown('ERR_MILLRACE_IMAGINED')).toBe(false)
  })

  it('of the binding is one of the list', () => {
    const returned = [...binding.matchAll(/return "(ERR_\w+)"/g)].map((match) => match[1])
    expect(returned.filter((code) => !(errorCodes as readonly string[]).includes(code ?? ''))).toEqual([])
  })
})
