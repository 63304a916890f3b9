import { describe, expect, it } from 'vitest'
import { emptyName, linesMax, tooLong } from './size.ts'

const lines = (count: number): string => 'x\n'.repeat(count)

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
