import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { BodyBudget } from '../../src/server/body-budget.ts'
import { BodyBuffers } from '../../src/server/body-buffers.ts'
import { readBody } from '../../src/server/request-body.ts'

const KiB = 1024
const MiB = 1024 * KiB

it('a buffer that was given back is taken again for a body of about its length', () => {
  const buffers = new BodyBuffers()
  const buffer = buffers.take(700 * KiB)
  expect(buffer.length).toBe(704 * KiB)
  buffers.give(buffer)
  // Neither too small nor wastefully large.
  const same = [705, 351, 690, 690].map((kibibytes) => buffers.take(kibibytes * KiB) === buffer)
  expect(same).toEqual([false, false, true, false])
  expect(buffers.keptBytes).toBe(0)
})

it('buffers are kept up to 8 MiB, those that were used last', () => {
  const buffers = new BodyBuffers()
  const all = Array.from({ length: 20 }, () => buffers.take(MiB))
  for (const buffer of all) buffers.give(buffer)
  expect(buffers.keptBytes).toBe(8 * MiB)
  const again = Array.from({ length: 9 }, () => buffers.take(MiB))
  expect(again.map((buffer) => all.indexOf(buffer))).toEqual([19, 18, 17, 16, 15, 14, 13, 12, -1])
  buffers.give(buffers.take(9 * MiB))
  expect(buffers.keptBytes).toBe(0)
})

it('a body lies in the memory of the one before, once that was given back, and shows nothing of it', async () => {
  const budget = new BodyBudget(16 * MiB)
  const read = async (text: string, memory: ReturnType<BodyBudget['open']>): Promise<Uint8Array> => {
    const parts = [Buffer.from(text.slice(0, 1000)), Buffer.from(text.slice(1000))]
    return readBody(Readable.from(parts), text.length, MiB, {
      grow: () => undefined,
      arriving: () => undefined,
      buffer: (bytes) => memory.buffer(bytes),
    })
  }
  const [first, second, third] = [budget.open(undefined), budget.open(undefined), budget.open(undefined)]
  const one = await read('1'.repeat(100 * KiB), first)
  const two = await read('2'.repeat(100 * KiB), second)
  expect(one.buffer === two.buffer).toBe(false)
  first.release()
  first.release()
  const three = await read('3'.repeat(90 * KiB), third)
  expect(three.buffer === one.buffer).toBe(true)
  expect(Buffer.from(three).toString()).toBe('3'.repeat(90 * KiB))
  expect(Buffer.from(two).toString()).toBe('2'.repeat(100 * KiB))
  expect(budget.buffers.keptBytes).toBe(0)
})
