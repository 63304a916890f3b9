import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { nextTurn } from '../../src/clock.ts'
import { DroppableEvents } from '../../src/testing/droppable-events.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

interface Event {
  readonly number: number
}

async function* numbered(): AsyncGenerator<Event, undefined> {
  for (let number = 0; ; number++) yield { number }
}

const silent: AsyncIterable<Event> = {
  [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }),
}

describe('events of a subscription that can be cut', () => {
  it('keep nothing of those that were handed on', async () => {
    const events = new DroppableEvents(
      numbered(),
      () => false,
      () => {},
    )
    const seen: WeakRef<Event>[] = []
    for (let count = 0; count < 100; count++) {
      const { value } = await events.next()
      if (value !== undefined) seen.push(new WeakRef(value))
    }
    await nextTurn()
    collectGarbage()
    const kept = seen.filter((event) => event.deref() !== undefined).length
    expect(seen).toHaveLength(100)
    expect(kept).toBeLessThan(5)
    expect((await events.next()).value).toEqual({ number: 100 })
  })

  it('end for everybody who waits when they are cut', async () => {
    let ended = 0
    const events = new DroppableEvents(
      silent,
      () => false,
      () => void (ended += 1),
    )
    const waiting = [events.next(), events.next()]
    await nextTurn()
    events.drop()
    const over = { done: true, value: undefined }
    expect(await Promise.all([...waiting, events.next()])).toEqual([over, over, over])
    expect(ended).toBe(1)
  })
})
