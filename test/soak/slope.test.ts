import { describe, expect, it } from 'vitest'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import { Random } from '../trials/random.mjs'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import { fitLine, isFlat } from './slope.mjs'

const random = new Random(7) as { unit(): number }
const allowance = { share: 0, least: 1 }

/** Sixty samples, a minute apart, of something that lies around 100 by so much and gains so much an hour. */
function series(noise: number, perHour: number): readonly (readonly [number, number])[] {
  return Array.from({ length: 60 }, (_, minute) => {
    return [minute, 100 + (random.unit() - 0.5) * 2 * noise + (perHour * minute) / 60] as const
  })
}

describe('the verdict about a series', () => {
  it('is flat for noise, however large', () => {
    for (const noise of [0, 1, 50]) expect(isFlat(fitLine(series(noise, 0)), allowance)).toBe(true)
  })

  it('is flat for what falls', () => {
    expect(isFlat(fitLine(series(1, -40)), allowance)).toBe(true)
  })

  it.each([
    [0, 2],
    [1, 4],
    [10, 25],
  ])('is that it grows where noise of %d does not hide a gain of %d', (noise, perHour) => {
    expect(isFlat(fitLine(series(noise, perHour)), allowance)).toBe(false)
  })

  it('lets a share of the mean pass, and a gain that is not worth a word', () => {
    const line = fitLine(series(0, 4))
    expect(isFlat(line, { share: 0.05, least: 1 })).toBe(true)
    expect(isFlat(line, { share: 0.01, least: 5 })).toBe(true)
    expect(isFlat(line, { share: 0.01, least: 1 })).toBe(false)
  })
})
