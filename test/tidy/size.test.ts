import { describe, expect, it } from 'vitest'
import { columnsMax, emptyName, linesMax, tooLong, tooWide } from './size.ts'

const lines = (count: number): string => 'x\n'.repeat(count)
const wide = (begin: string, columns: number): string => begin + 'x'.repeat(columns - begin.length)

describe('file length', () => {
  it('accepts a file at the limit, with or without a final newline', () => {
    expect(tooLong({ path: 'src/a.ts', text: lines(linesMax) })).toEqual([])
    expect(tooLong({ path: 'src/a.ts', text: lines(linesMax).trimEnd() })).toEqual([])
  })

  it('refuses a file one line over the limit', () => {
    expect(tooLong({ path: 'src/a.ts', text: lines(linesMax + 1) })).toEqual([
      'src/a.ts:500: 501 lines, the limit is 500',
    ])
  })
})

describe('names', () => {
  it.each([
    'src/utils.ts',
    'src/log/parse-helpers.ts',
    'native/core/frame_impl.h',
    'src/common/a.ts',
    'src/types.d.ts',
  ])('refuses %s', (path) => {
    expect(emptyName({ path, text: '' })).toHaveLength(1)
  })

  it.each(['src/streams/commonwealth.ts', 'native/core/helper_thread.cc', 'src/types-of-leaf.ts'])(
    'accepts %s',
    (path) => {
      expect(emptyName({ path, text: '' })).toEqual([])
    },
  )
})

describe('a comment', () => {
  it.each(['// ', ' * ', '  /** '])('that begins with "%s" is as wide as it may be', (begin) => {
    const within = { path: 'src/cli/a.ts', text: wide(begin, columnsMax) }
    expect(tooWide(within)).toEqual([])
    const beyond = { path: 'src/console/a.js', text: `\n${wide(begin, columnsMax + 1)}` }
    expect(tooWide(beyond)).toEqual([
      `src/console/a.js:2: ${columnsMax + 1} columns, the limit is ${columnsMax}`,
    ])
  })

  it("is looked at where all are narrow already, and code is the formatter's", () => {
    expect(tooWide({ path: 'src/streams/a.ts', text: wide('// ', columnsMax + 1) })).toEqual([])
    expect(tooWide({ path: 'src/cli/a.ts', text: wide("const text = '", columnsMax + 1) })).toEqual([])
  })
})
