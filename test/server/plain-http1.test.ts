import { describe, expect, it } from 'vitest'
import { forgotten, headOf, limitedServer, requestOf } from './limited.ts'
import { dial, statusesIn } from './raw-connection.ts'

const list = requestOf('ListStreams', {})
const health = 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n'

/** A request whose length nobody says. */
const chunked = `${headOf('ListStreams', 'transfer-encoding: chunked')}\r\n2\r\n{}\r\n0\r\n\r\n`

describe('a connection of HTTP/1.1', () => {
  it.each([
    ['that is whole', [list]],
    ['whose body follows', [list.slice(0, -2), '{}']],
    ['whose body comes byte by byte', [list.slice(0, -2), '{', '}']],
    ['whose head comes in two parts', [list.slice(0, 40), list.slice(40)]],
  ])('answers a request %s', async (_what, parts) => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    for (const part of parts) {
      connection.write(part)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await connection.untilReceived(/"StreamNames":\["clicks"\]/)
    expect(statusesIn(connection.text)).toEqual([200])
  })

  it('answers what comes at once in its order, the last one when it is whole', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    connection.write(`${list}${list.replace('ListStreams', 'Nothing')}${list}${list.slice(0, 60)}`)
    await connection.until(() => statusesIn(connection.text).length === 3)
    connection.write(list.slice(60))
    await connection.until(() => statusesIn(connection.text).length === 4)
    expect(statusesIn(connection.text)).toEqual([200, 400, 200, 200])
    connection.socket.destroy()
    await forgotten(server)
  })

  it('may change between what clients of AWS say and all else that HTTP allows', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    const all = [list, chunked, list, health, list]
    for (const [index, request] of all.entries()) {
      connection.write(request)
      await connection.until(() => statusesIn(connection.text).length === index + 1)
    }
    connection.write(all.join(''))
    await connection.until(() => statusesIn(connection.text).length === 2 * all.length)
    expect(statusesIn(connection.text).every((status) => status === 200)).toBe(true)
  })

  it('answers thousands that came without waiting', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    const many = 3000
    connection.write(list.repeat(many))
    await connection.until(() => connection.closed || statusesIn(connection.text).length === many)
    expect(connection.closed).toBe(false)
    connection.socket.destroy()
    await forgotten(server)
  })

  it('tells how long it stays, and the time', async () => {
    const server = await limitedServer({ idleMs: 7_000 })
    const connection = await dial(server.port)
    connection.write(list)
    const text = await connection.untilReceived(/\r\n\r\n/)
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text).toMatch(/\r\nconnection: keep-alive\r\nkeep-alive: timeout=7\r\n/)
    expect(Date.parse(/\r\ndate: (.+)\r\n/.exec(text)?.[1] ?? '')).toBeGreaterThan(Date.now() - 60_000)
  })

  it('ends when its client has said all, and not before what it asked is answered', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port, { allowHalfOpen: true })
    connection.write(`${list}${list}`)
    connection.socket.end()
    expect(statusesIn(await connection.untilClosed())).toEqual([200, 200])
    await forgotten(server)
  })
})
