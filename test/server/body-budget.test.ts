import { setMaxListeners } from 'node:events'
import { connect } from 'node:http2'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BodyBudget,
  type BodyMemory,
  smallBodyBytes,
  waitingBodiesMax,
} from '../../src/server/body-budget.ts'
import { NoRoomForBody } from '../../src/server/request-body.ts'
import { KiB, MiB } from '../../src/units.ts'
import { forgotten, goodRequest, headOf, limitedServer } from './limited.ts'
import { dial, statusesIn } from './raw-connection.ts'

const never = new AbortController()
setMaxListeners(0, never.signal)

/** Whether it is there, once whatever is due has happened. */
async function isThere(memory: Promise<void> | undefined): Promise<boolean> {
  if (memory === undefined) return true
  return Promise.race([
    memory.then(() => true),
    new Promise<boolean>((resolve) => setImmediate(resolve, false)),
  ])
}

const large = 20 * MiB

describe('the memory of bodies', () => {
  it('is given at once while there is some, then in the order in which they began', async () => {
    const budget = new BodyBudget(8 * MiB)
    const [first, second, third] = [budget.open(large), budget.open(large), budget.open(large)]
    expect(first.grow(6 * MiB, never)).toBeUndefined()
    // It would fit beside the next one, and began later.
    const lesser = third.grow(2 * MiB, never)
    const more = second.grow(4 * MiB, never)
    expect([await isThere(more), await isThere(lesser), budget.waiting]).toEqual([false, false, 2])
    first.release()
    expect([await isThere(more), await isThere(lesser), budget.waiting]).toEqual([true, true, 0])
    expect(budget.used).toBe(6 * MiB)
  })

  it('goes on after a body that turned out large, and left before it had more', async () => {
    const budget = new BodyBudget(8 * MiB)
    const gone = new AbortController()
    const [held, leaves] = [budget.open(large), budget.open(undefined)]
    held.grow(7 * MiB, never)
    leaves.grow(1, never)
    const more = leaves.grow(smallBodyBytes + 1, gone)
    gone.abort()
    await expect(more).rejects.toThrow()
    leaves.release()
    held.release()
    expect(budget.used).toBe(0)
    // Both have some and want more: the one that began first gets it.
    const [first, second] = [budget.open(large), budget.open(large)]
    first.grow(3 * MiB, never)
    second.grow(4 * MiB, never)
    const later = second.grow(6 * MiB, never)
    const earlier = first.grow(5 * MiB, never)
    expect([await isThere(earlier), await isThere(later)]).toEqual([true, false])
  })

  it('is kept in part for small bodies', async () => {
    const budget = new BodyBudget(8 * MiB)
    expect(budget.open(large).grow(7 * MiB, never)).toBeUndefined()
    expect(await isThere(budget.open(undefined).grow(smallBodyBytes + 1, never))).toBe(false)
    // It has not sent much, and will.
    expect(await isThere(budget.open(smallBodyBytes + 1).grow(1, never))).toBe(false)
    expect(budget.open(undefined).grow(smallBodyBytes, never)).toBeUndefined()
    expect(budget.open(smallBodyBytes).grow(smallBodyBytes, never)).toBeUndefined()
  })

  it('goes to the one that began first when all that have some want more', async () => {
    const budget = new BodyBudget(8 * MiB)
    const [first, second] = [budget.open(large), budget.open(large)]
    first.grow(3 * MiB, never)
    second.grow(4 * MiB, never)
    const later = second.grow(6 * MiB, never)
    expect(await isThere(later)).toBe(false)
    const earlier = first.grow(5 * MiB, never)
    expect([await isThere(earlier), await isThere(later)]).toEqual([true, false])
    // It goes on, beyond what there is, until it has ended.
    expect(await isThere(first.grow(9 * MiB, never))).toBe(true)
    expect(await isThere(later)).toBe(false)
    first.release()
    expect(await isThere(later)).toBe(true)
    expect(budget.used).toBe(6 * MiB)
  })

  it('lets those behind pass when somebody gives up', async () => {
    const budget = new BodyBudget(8 * MiB)
    budget.open(large).grow(6 * MiB, never)
    const giving = new AbortController()
    const given = budget.open(large).grow(4 * MiB, giving)
    const behind = budget.open(large).grow(MiB, never)
    giving.abort(new Error('gone'))
    await expect(given).rejects.toThrow('gone')
    expect(await isThere(behind)).toBe(true)
  })

  it('comes back although it was given in the moment in which nobody wanted it any more', async () => {
    const budget = new BodyBudget(8 * MiB)
    const first = budget.open(large)
    first.grow(7 * MiB, never)
    const second = budget.open(large)
    const waiting = second.grow(MiB, never)
    first.release()
    second.release()
    await waiting
    expect(budget.used).toBe(0)
  })

  it('refuses those that would wait behind too many', async () => {
    const budget = new BodyBudget(8 * MiB)
    budget.open(large).grow(7 * MiB, never)
    const waiting = Array.from({ length: waitingBodiesMax }, () => budget.open(large).grow(MiB, never))
    await expect(budget.open(large).grow(MiB, never)).rejects.toBeInstanceOf(NoRoomForBody)
    expect([waiting.length, budget.waiting]).toEqual([waitingBodiesMax, waitingBodiesMax])
  })

  it('is exceeded by one body at most, never stands still, and all of it comes back', async () => {
    const kinds = ['open', 'grow', 'grow', 'release', 'abort'] as const
    const step = fc.record({
      kind: fc.constantFrom(...kinds),
      at: fc.nat(5),
      kib: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 65, max: 4096 })),
      says: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (taken) => {
        const budget = new BodyBudget(8 * MiB)
        const bodies: { memory: BodyMemory; gone: AbortController; waits: boolean; over: boolean }[] = []
        for (const { kind, kib, at, says } of taken) {
          const body = bodies[at]
          if (kind === 'open') {
            const memory = budget.open(says ? kib * KiB : undefined)
            bodies.push({ memory, gone: new AbortController(), waits: false, over: false })
          } else if (body === undefined || body.over) continue
          else if (kind === 'grow' && !body.waits) {
            const whole = Math.min(body.memory.declared ?? 4 * MiB, kib * KiB)
            body.waits = true
            const end = (): void => void (body.waits = false)
            const waiting = body.memory.grow(whole, body.gone)
            if (waiting === undefined) end()
            else waiting.then(end, end)
          } else if (kind === 'abort') body.gone.abort(new Error('gone'))
          else if (kind === 'release') {
            body.memory.release()
            body.over = true
          }
          await new Promise((resolve) => setImmediate(resolve))
          expect(budget.used).toBeLessThanOrEqual(12 * MiB)
          expect(budget.used).toBe(bodies.reduce((sum, { memory }) => sum + memory.bytes, 0))
          const some = bodies.filter(({ memory }) => memory.bytes > 0)
          if (budget.waiting > 0) expect(some.some(({ memory }) => !memory.held)).toBe(true)
        }
        for (const { memory, gone } of bodies) {
          gone.abort(new Error('gone'))
          memory.release()
        }
        await new Promise((resolve) => setImmediate(resolve))
        expect([budget.used, budget.waiting]).toEqual([0, 0])
      }),
    )
  })
})

describe('a server with little memory for bodies', () => {
  /** 1 MiB that is no JSON: whoever is answered 400 was read to the end. */
  const put = `${headOf('PutRecord', `content-length: ${MiB}`)}\r\n`

  it('keeps nothing for bodies that only say how long they are', async () => {
    const server = await limitedServer({ bodiesBytes: 2 * MiB })
    for (let at = 0; at < 20; at++) (await dial(server.port)).write(put)
    const session = connect(`http://127.0.0.1:${server.port}`)
    session.on('error', () => undefined)
    for (let at = 0; at < 100; at++) session.request({ ':method': 'POST' }).on('error', () => undefined)
    await waitFor(() => server.load.requests === 120)
    expect(server.load.bodyBytes).toBe(0)
    const whole = await dial(server.port)
    whole.write(put + ' '.repeat(MiB))
    await whole.untilReceived(/HTTP\/1\.1 400/)
    session.destroy()
  })

  it('lets large bodies wait, answers small ones, and goes on when there is room', async () => {
    const server = await limitedServer({ bodiesBytes: 2 * MiB })
    const slow = await dial(server.port)
    slow.write(put + ' '.repeat(MiB - 1))
    await waitFor(() => server.load.bodyBytes === MiB - 1)
    const waiting = await dial(server.port)
    waiting.write(put + ' '.repeat(MiB))
    await waitFor(() => server.load.bodiesWaiting === 1)
    expect(await goodRequest(server)).toBe(200)
    slow.socket.resetAndDestroy()
    await waiting.untilReceived(/HTTP\/1\.1 \d/)
    expect(statusesIn(waiting.text)).toEqual([400])
    waiting.socket.destroy()
    await forgotten(server)
  })

  it('forgets who waits and goes away, when its turn comes', async () => {
    const server = await limitedServer({ bodiesBytes: 2 * MiB, stallMs: 50, checkMs: 10 })
    const slow = await dial(server.port)
    slow.write(put + ' '.repeat(MiB - 1))
    await waitFor(() => server.load.bodyBytes === MiB - 1)
    const waiting = await dial(server.port)
    waiting.write(put + ' '.repeat(MiB))
    await waitFor(() => server.load.bodiesWaiting === 1)
    waiting.socket.resetAndDestroy()
    await slow.untilClosed()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('answers all, however many come at once', async () => {
    const server = await limitedServer({ bodiesBytes: 2 * MiB })
    const connections = await Promise.all(Array.from({ length: 12 }, () => dial(server.port)))
    for (const connection of connections) connection.write(put + ' '.repeat(MiB))
    for (const connection of connections) await connection.untilReceived(/HTTP\/1\.1 \d/)
    expect(connections.flatMap(({ text }) => statusesIn(text))).toEqual(connections.map(() => 400))
    for (const connection of connections) connection.socket.destroy()
    await forgotten(server)
  })

  it.each([
    ['nothing', 0],
    ['a byte now and then', 1],
  ])('cuts off whoever sends %s while others wait', async (_what, bytes) => {
    const server = await limitedServer({ bodiesBytes: 2 * MiB, stallMs: 100, checkMs: 20 })
    const stalled = await dial(server.port)
    stalled.write(put + ' '.repeat(MiB - 64 * KiB))
    await waitFor(() => server.load.bodyBytes === MiB - 64 * KiB)
    const drip = setInterval(() => stalled.write(' '.repeat(bytes)), 10)
    const waiting = await dial(server.port)
    waiting.write(put + ' '.repeat(MiB))
    await waiting.untilReceived(/HTTP\/1\.1 400/)
    clearInterval(drip)
    await stalled.untilClosed()
    expect(statusesIn(stalled.text)).toEqual([503])
    waiting.socket.destroy()
    await forgotten(server)
  })

  it('cuts off a stream of HTTP/2 that sends nothing while others wait', async () => {
    const server = await limitedServer({ bodiesBytes: 2 * MiB, stallMs: 100, checkMs: 20 })
    const session = connect(`http://127.0.0.1:${server.port}`)
    session.on('error', () => undefined)
    const stalled = session.request({ ':method': 'POST' })
    stalled.on('error', () => undefined)
    const status = new Promise((resolve) => stalled.on('response', (headers) => resolve(headers[':status'])))
    stalled.write(Buffer.alloc(MiB))
    await waitFor(() => server.load.bodyBytes === MiB)
    const waiting = await dial(server.port)
    waiting.write(put + ' '.repeat(MiB))
    await waiting.untilReceived(/HTTP\/1\.1 400/)
    expect(await status).toBe(503)
    session.destroy()
    waiting.socket.destroy()
    await forgotten(server)
  })

  it('cuts off nobody while nobody waits', async () => {
    const server = await limitedServer({ bodiesBytes: 2 * MiB, stallMs: 20, checkMs: 5 })
    const slow = await dial(server.port)
    slow.write(put + ' '.repeat(MiB - 1))
    await waitFor(() => server.load.bodyBytes === MiB - 1)
    for (let at = 0; at < 20; at++) expect(await goodRequest(server)).toBe(200)
    slow.write(' ')
    await slow.untilReceived(/HTTP\/1\.1 400/)
  })

  it('counts what has come of a body whose length is not said', async () => {
    const server = await limitedServer({ bodiesBytes: 32 * MiB })
    const connection = await dial(server.port)
    connection.write(`${headOf('PutRecord', 'transfer-encoding: chunked')}\r\n1\r\n{\r\n`)
    await waitFor(() => server.load.bodyBytes === 1)
    connection.write(`20000\r\n${' '.repeat(128 * KiB)}\r\n`)
    await waitFor(() => server.load.bodyBytes === 128 * KiB + 1)
    connection.write('1\r\n}\r\n0\r\n\r\n')
    await connection.untilReceived(/HTTP\/1\.1 400/)
    expect(server.load.bodyBytes).toBe(0)
  })
})

async function waitFor(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
