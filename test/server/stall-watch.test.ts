import { describe, expect, it } from 'vitest'
import { type Mover, StallWatch } from '../../src/server/stall-watch.ts'
import { ManualClock } from '../model/manual-clock.ts'

class Body implements Mover {
  readonly least = 10
  moved = 0
  held = false
  isCut = false

  cut(): void {
    this.isCut = true
  }
}

/** Looks each second; ten bytes in five seconds are enough. */
function watched(bodies: Body[]): { readonly pass: (seconds: number, each?: () => void) => Promise<void> } {
  const clock = new ManualClock()
  const left = (): Body[] => bodies.filter(({ isCut }) => !isCut)
  const slowness = { withinMs: 5000, checkMs: 1000 }
  const watch = new StallWatch(slowness, clock, left, () => left().length > 0)
  watch.press()
  return {
    async pass(seconds, each) {
      for (let second = 0; second < seconds; second++) {
        each?.()
        await clock.advance(1000)
      }
    },
  }
}

describe('a watch over what moves', () => {
  it.each([
    ['nothing moves', (body: Body) => body],
    ['too little moves', (body: Body) => (body.moved += 1)],
    [
      'it is held again after each byte that it was given',
      (body: Body) => {
        body.moved += 1
        body.held = true
      },
    ],
  ])('cuts it off when %s', async (_how, each) => {
    const body = new Body()
    const { pass } = watched([body])
    await pass(4, () => each(body))
    expect(body.isCut).toBe(false)
    await pass(1, () => each(body))
    expect(body.isCut).toBe(true)
  })

  it.each([
    ['enough moves', (body: Body) => (body.moved += 2)],
    ['it is held', (body: Body) => (body.held = true)],
  ])('lets it be while %s', async (_how, each) => {
    const body = new Body()
    const { pass } = watched([body])
    await pass(60, () => each(body))
    expect(body.isCut).toBe(false)
  })

  it('counts the time in which it was held for nothing', async () => {
    const body = new Body()
    const { pass } = watched([body])
    await pass(4)
    body.held = true
    await pass(60)
    body.held = false
    expect(body.isCut).toBe(false)
    await pass(1)
    expect(body.isCut).toBe(true)
  })

  it('cuts off no more than it takes', async () => {
    const clock = new ManualClock()
    const [first, second] = [new Body(), new Body()]
    const slowness = { withinMs: 5000, checkMs: 1000 }
    const watch = new StallWatch(
      slowness,
      clock,
      () => [first, second],
      () => !first.isCut,
    )
    watch.press()
    for (let look = 0; look < 10; look++) await clock.advance(1000)
    expect([first.isCut, second.isCut]).toEqual([true, false])
  })
})
