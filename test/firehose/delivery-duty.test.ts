import { describe, expect, it } from 'vitest'
import { DeliveryDuty } from '../../src/firehose/delivery-duty.ts'
import type { Duty } from '../../src/streams/store-inside.ts'
import { ManualClock } from '../model/manual-clock.ts'

/** A duty that two threads would share, and who has it. */
function shared(): { readonly of: (name: string) => Duty; readonly holder: () => string | undefined } {
  let holder: string | undefined
  return {
    of: (name) => ({
      take: () => {
        holder ??= name
        return holder === name
      },
      give: () => {
        if (holder === name) holder = undefined
      },
    }),
    holder: () => holder,
  }
}

describe('the duty to deliver', () => {
  it("is the first one's until it is given back, and then whose asks next", async () => {
    const clock = new ManualClock()
    const { of, holder } = shared()
    const told: string[] = []
    const first = new DeliveryDuty({ clock, duty: of('first'), onTaken: () => told.push('first') })
    const second = new DeliveryDuty({ clock, duty: of('second'), onTaken: () => told.push('second') })
    expect([first.take(), second.take(), second.take(), first.take()]).toEqual([true, false, false, true])
    expect(clock.pending).toBe(1)
    await clock.advance(5_000)
    expect([second.own, told]).toEqual([false, []])
    first.close()
    expect(first.take()).toBe(false)
    await clock.advance(1_000)
    expect([second.own, told, holder()]).toEqual([true, ['second'], 'second'])
    second.close()
    expect([holder(), clock.pending]).toEqual([undefined, 0])
  })

  it('is not asked for any more by whoever has ended', async () => {
    const clock = new ManualClock()
    const { of, holder } = shared()
    of('other').take()
    const duty = new DeliveryDuty({ clock, duty: of('own'), onTaken: () => {} })
    duty.take()
    duty.close()
    expect([clock.pending, holder()]).toEqual([0, 'other'])
  })
})
