import { describe, expect, it } from 'vitest'
import { bytes, count, counted, duration, hours, perSecond, time } from '../../src/cli/figures.ts'
import { table } from '../../src/cli/table.ts'

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [9994, '9.99 kB'],
    [9996, '10.0 kB'],
    [99_960, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [1.5e12, '1.50 TB'],
  ])('show %d bytes as %s', (value, text) => {
    expect(bytes(value)).toBe(text)
  })

  it('group digits, count in words, and name units', () => {
    expect(count(3_000_000)).toBe('3,000,000')
    expect([counted(1, 'record'), counted(2, 'record')]).toEqual(['1 record', '2 records'])
    expect([hours(24), hours(25), hours(48)]).toEqual(['24 hours', '25 hours', '2 days'])
    expect([duration(12.4), duration(1500), duration(83_000)]).toEqual(['12 ms', '1.5 s', '1 min 23 s'])
    expect(perSecond(500, 250)).toBe(2000)
    expect(perSecond(500, 0)).toBe(0)
  })

  it('show a time that no calendar has as a number', () => {
    expect(time(0)).toBe('1970-01-01T00:00:00.000Z')
    expect(time(9e15)).toBe('9000000000000000 ms')
  })
})

describe('table', () => {
  it('aligns text to the left and figures to the right', () => {
    expect(
      table(
        ['name', 'n'],
        ['left', 'right'],
        [
          ['a', '10'],
          ['long name', '7'],
        ],
      ),
    ).toEqual(['name        n', 'a          10', 'long name   7'])
  })
})
