import { connect, constants } from 'node:http2'
import { describe, expect, it } from 'vitest'
import { MiB } from '../../src/units.ts'
import { forgotten, goodRequest, limitedServer, shortTimes } from './limited.ts'
import { dialHttp2, frame, framesIn, frameType, headerBlock } from './raw-http2.ts'

const endHeaders = 4
const endStream = 1

describe('a client of HTTP/2', () => {
  it('that says nothing more is cut off', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dialHttp2(server.port)
    await connection.untilClosed()
    expect(framesIn(connection.bytes).some(({ type }) => type === frameType.goaway)).toBe(true)
    await forgotten(server)
  })

  it('that sends half a frame of headers is cut off', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dialHttp2(server.port)
    connection.write(frame(frameType.headers, endHeaders, 1, headerBlock({})).subarray(0, 12))
    await connection.untilClosed()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('that sends its headers in parts, and never the last, is cut off', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dialHttp2(server.port)
    connection.write(frame(frameType.headers, 0, 1, headerBlock({})))
    const drip = setInterval(() => connection.write(frame(frameType.continuation, 0, 1)), 20)
    await connection.untilClosed()
    clearInterval(drip)
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('that sends its body a byte now and then loses the request', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dialHttp2(server.port)
    connection.write(frame(frameType.headers, endHeaders, 1, headerBlock({ 'content-length': '100000' })))
    const drip = setInterval(() => connection.write(frame(frameType.data, 0, 1, Buffer.from(' '))), 20)
    await connection.until(
      () =>
        connection.closed ||
        framesIn(connection.bytes).some(({ type, stream }) => type === frameType.rst && stream === 1),
    )
    clearInterval(drip)
    expect(framesIn(connection.bytes)).toContainEqual(
      expect.objectContaining({ type: frameType.rst, stream: 1 }),
    )
    await forgotten(server)
  })

  it.each(['authorization', 'content-type'])('that says its %s twice is refused', async (name) => {
    const server = await limitedServer()
    const connection = await dialHttp2(server.port)
    const health = { ':method': 'GET', ':path': '/healthz' }
    const once = headerBlock({ ...health, [name]: 'a' })
    const twice = Buffer.concat([once, headerBlock({ [name]: 'b' }).subarray(headerBlock({}).length)])
    connection.write(frame(frameType.headers, endHeaders | endStream, 1, once))
    connection.write(frame(frameType.headers, endHeaders | endStream, 3, twice))
    const answers = () => framesIn(connection.bytes).filter(({ type }) => type === frameType.headers)
    await connection.until(() => connection.closed || answers().length === 2)
    // ":status: 200" and ":status: 400" in the table of HPACK (RFC 7541, appendix A).
    const statuses = new Map(answers().map(({ stream, payload }) => [stream, payload[0]]))
    expect([statuses.get(1), statuses.get(3)]).toEqual([0x88, 0x8c])
    connection.socket.destroy()
    await forgotten(server)
  })

  it('that never takes its answer is cut off', async () => {
    const server = await limitedServer({ ...shortTimes, idleMs: 100 })
    const session = connect(`http://127.0.0.1:${server.port}`, { settings: { initialWindowSize: 0 } })
    session.on('error', () => undefined)
    const request = session.request({ ':path': '/healthz' })
    request.on('error', () => undefined)
    request.end()
    await new Promise((resolve) => session.once('close', resolve))
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it.each([
    ['says that it is too long', true],
    ['turns out too long', false],
  ])('whose body %s is refused', async (_how, says) => {
    const server = await limitedServer()
    // The client refuses to go on with as much waiting to be sent unless it is told.
    const session = connect(`http://127.0.0.1:${server.port}`, { maxSessionMemory: 100 })
    session.on('error', () => undefined)
    const length = 20 * MiB + 1
    const request = session.request({
      ':method': 'POST',
      ':path': '/',
      ...(says ? { 'content-length': String(length) } : {}),
    })
    request.on('error', () => undefined)
    const status = new Promise((resolve) => request.on('response', (headers) => resolve(headers[':status'])))
    request.write(Buffer.alloc(length))
    expect(await status).toBe(413)
    session.destroy()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it.each([
    ['shorter than it said', 1, constants.NGHTTP2_PROTOCOL_ERROR],
    ['longer than it said', 9, constants.NGHTTP2_PROTOCOL_ERROR],
  ])('whose body is %s loses the request', async (_how, length, code) => {
    const server = await limitedServer()
    const connection = await dialHttp2(server.port)
    connection.write(frame(frameType.headers, endHeaders, 1, headerBlock({ 'content-length': '5' })))
    connection.write(frame(frameType.data, endStream, 1, Buffer.alloc(length, 32)))
    await connection.until(
      () => connection.closed || framesIn(connection.bytes).some(({ type }) => type === frameType.rst),
    )
    const reset = framesIn(connection.bytes).find(({ type }) => type === frameType.rst)
    expect(reset?.payload.readUInt32BE(0)).toBe(code)
    connection.socket.destroy()
    await forgotten(server)
  })

  it.each([
    ['a name in capitals', { 'X-Amz-Target': 'a' }],
    ['a header of a connection', { connection: 'keep-alive' }],
    ['another coding', { 'transfer-encoding': 'chunked' }],
    ['a pseudo header of an answer', { ':status': '200' }],
  ])('that sends %s loses the request', async (_what, headers) => {
    const server = await limitedServer()
    const connection = await dialHttp2(server.port)
    connection.write(frame(frameType.headers, endHeaders | endStream, 1, headerBlock(headers)))
    await connection.until(
      () =>
        connection.closed ||
        framesIn(connection.bytes).some(({ type }) => type === frameType.rst || type === frameType.goaway),
    )
    expect(
      framesIn(connection.bytes).some(({ type, stream }) => type === frameType.headers && stream === 1),
    ).toBe(false)
    connection.socket.destroy()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('that breaks off in the middle leaves nothing', async () => {
    const server = await limitedServer()
    const connection = await dialHttp2(server.port)
    connection.write(frame(frameType.headers, endHeaders, 1, headerBlock({ 'content-length': '1000' })))
    connection.write(frame(frameType.data, 0, 1, Buffer.from('{')))
    await connection.until(() => framesIn(connection.bytes).length > 0)
    connection.socket.resetAndDestroy()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })
})

describe('a flood of HTTP/2', () => {
  const request = frame(frameType.headers, endHeaders, 1, headerBlock({}))

  function again(stream: number): Buffer {
    const copy = Buffer.from(request)
    copy.writeUInt32BE(stream, 5)
    return copy
  }

  const cancel = Buffer.from([0, 0, 0, 8])

  it('of requests that are taken back ends the connection', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dialHttp2(server.port)
    for (let stream = 1; stream < 20_000 && !connection.closed; stream += 2) {
      connection.write(again(stream)).write(frame(frameType.rst, 0, stream, cancel))
    }
    await connection.untilClosed()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('of parts of headers ends the connection', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dialHttp2(server.port)
    connection.write(frame(frameType.headers, 0, 1, headerBlock({})))
    const part = frame(frameType.continuation, 0, 1, headerBlock({ 'x-a': 'a'.repeat(100) }).subarray(40))
    for (let sent = 0; sent < 5000 && !connection.closed; sent += 1) connection.write(part)
    await connection.untilClosed()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('of requests at once is refused beyond the number that is allowed', async () => {
    const server = await limitedServer({ streams: 10 })
    const connection = await dialHttp2(server.port)
    for (let stream = 1; stream < 41; stream += 2) connection.write(again(stream))
    await connection.until(
      () =>
        connection.closed ||
        framesIn(connection.bytes).filter(({ type }) => type === frameType.rst).length >= 10,
    )
    expect(server.load.requests).toBeLessThanOrEqual(10)
    connection.socket.destroy()
    await forgotten(server)
  })

  it.each([
    ['settings', frame(frameType.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100]))],
    ['pings', frame(frameType.ping, 0, 0, Buffer.alloc(8))],
  ])('of %s, whose answers are not taken, ends the connection or is held back', async (_what, one) => {
    const server = await limitedServer({ sessionBytes: 4 * MiB })
    const connection = await dialHttp2(server.port)
    connection.socket.pause()
    const many = Buffer.concat(Array.from({ length: 1000 }, () => one))
    const before = process.memoryUsage().rss
    for (let sent = 0; sent < 200 && !connection.socket.destroyed; sent += 1) connection.write(many)
    expect(await goodRequest(server)).toBe(200)
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * MiB)
    connection.socket.destroy()
    await forgotten(server)
  })
})
