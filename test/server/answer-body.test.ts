import { expect, it } from 'vitest'
import { leaveUnread } from '../../src/server/answer-body.ts'

it('parts that nobody asks for are told so, whatever they say to it', async () => {
  let told = 0
  const parts = (end: () => Promise<never>): AsyncIterable<Uint8Array> => ({
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.reject(new Error('nobody asks')),
      return: () => {
        told += 1
        return end()
      },
    }),
  })
  leaveUnread(parts(() => Promise.reject(new Error('already gone'))))
  leaveUnread('text')
  leaveUnread(new Uint8Array(1))
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toBe(1)
})
