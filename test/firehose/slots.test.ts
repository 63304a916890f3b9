import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Slots } from '../../src/firehose/slots.ts'
import { settled } from '../model/manual-clock.ts'

const endless = new AbortController().signal

function unheard(): void {}

/** Work that ends when it is told to. */
function held(): { readonly work: () => Promise<void>; end(): void } {
  let end: () => void = unheard
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  return { work: () => ended, end }
}

describe('slots', () => {
  it('let so many in at once, and the others in their order', async () => {
    const slots = new Slots(2)
    const works = [held(), held(), held(), held()]
    const begun: number[] = []
    const runs = works.map(({ work }, index) =>
      slots.run(endless, async () => {
        begun.push(index)
        await work()
      }),
    )
    await settled()
    expect(begun).toEqual([0, 1])
    works[1]?.end()
    await settled()
    expect(begun).toEqual([0, 1, 2])
    for (const { end } of works) end()
    await Promise.all(runs)
    expect(begun).toEqual([0, 1, 2, 3])
  })

  it('go to the next one when who was woken is aborted in the same moment', async () => {
    const slots = new Slots(1)
    const first = held()
    const running = slots.run(endless, first.work)
    const stop = new AbortController()
    const aborted = slots.run(stop.signal, async () => 'aborted')
    const outcome = aborted.catch((error: unknown) => error)
    let served = false
    void slots.run(endless, async () => {
      served = true
    })
    // Told after the slot was handed on, and before who was woken goes on.
    void first.work().then(() => stop.abort(new Error('enough')))
    first.end()
    await running
    await outcome
    await settled()
    expect(served).toBe(true)
  })

  it('are none of them lost, whoever is aborted when', async () => {
    const step = fc.record({ at: fc.nat(5), what: fc.constantFrom('enter', 'end', 'abort', 'turn') })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 60 }),
        async (count, steps) => {
          const slots = new Slots(count)
          const people: { readonly stop: AbortController; readonly end: () => void; over: boolean }[] = []
          let inside = 0
          for (const { at, what } of steps) {
            const open = people.filter(({ over }) => !over)
            const person = open[at % Math.max(1, open.length)]
            if (what === 'turn') await settled()
            else if (what === 'end') person?.end()
            else if (what === 'abort') person?.stop.abort(new Error('enough'))
            else {
              const { work, end } = held()
              const made = { stop: new AbortController(), end, over: false }
              people.push(made)
              const run = slots.run(made.stop.signal, async () => {
                inside += 1
                expect(inside).toBeLessThanOrEqual(count)
                await work()
                inside -= 1
              })
              void run.catch(() => {}).finally(() => (made.over = true))
            }
          }
          for (const { end } of people) end()
          await settled()
          expect(people.every(({ over }) => over)).toBe(true)
          const all = Array.from({ length: count }, () => slots.enter(endless))
          for (const leave of await Promise.all(all)) leave()
        },
      ),
      { numRuns: 200 },
    )
  })
})
