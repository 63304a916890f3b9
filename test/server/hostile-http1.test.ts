import { describe, expect, it } from 'vitest'
import { MiB } from '../../src/units.ts'
import { forgotten, goodRequest, headOf, limitedServer, requestOf, shortTimes } from './limited.ts'
import { dial, statusesIn } from './raw-connection.ts'

describe('a client of HTTP/1.1 that takes its time', () => {
  it.each([
    ['says nothing', ''],
    ['sends half a method', 'PO'],
    ['sends half the headers', 'POST / HTTP/1.1\r\nhost: a\r\nx-a: '],
    ['sends half of what could be HTTP/2', 'PR'],
    ['sends half of what could be TLS', '\x16'],
    ['sends half a preface', 'PRI * HTTP/2.0\r\n'],
  ])('and %s is cut off', async (_what, sent) => {
    const server = await limitedServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(Buffer.from(sent, 'latin1'))
    await connection.untilClosed()
    expect(statusesIn(connection.text).every((status) => status === 408)).toBe(true)
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('with its headers, a byte now and then, is cut off', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dial(server.port)
    connection.write('POST / HTTP/1.1\r\nhost: a\r\n')
    const drip = setInterval(() => connection.write('x-a: b\r\n'), 20)
    await connection.untilClosed()
    clearInterval(drip)
    expect(statusesIn(connection.text)).toEqual([408])
    await forgotten(server)
  })

  it('with its body, a byte now and then, is cut off', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(`${headOf('ListStreams', 'content-length: 100000')}\r\n{`)
    const drip = setInterval(() => connection.write(' '), 20)
    await connection.untilClosed()
    clearInterval(drip)
    expect(statusesIn(connection.text)).toEqual([408])
    await forgotten(server)
  })

  it('between two requests is cut off, and not before', async () => {
    const server = await limitedServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(requestOf('ListStreams', {}))
    await connection.untilReceived(/"StreamNames"/)
    connection.write(requestOf('ListStreams', {}))
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([200, 200])
    await forgotten(server)
  })
})

describe('a body', () => {
  it('that says it is too long is refused before it is sent', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    connection.write(`${headOf('PutRecords', `content-length: ${20 * MiB + 1}`)}\r\n`)
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([413])
    await forgotten(server)
  })

  it('that turns out too long is refused', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    connection.write(`${headOf('PutRecords', 'transfer-encoding: chunked')}\r\n`)
    const chunk = `100000\r\n${'x'.repeat(MiB)}\r\n`
    for (let sent = 0; sent < 21 && !connection.closed; sent += 1) connection.write(chunk)
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([413])
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('is asked for if its client waits for that, unless it is too long', async () => {
    const server = await limitedServer()
    const polite = await dial(server.port)
    polite.write(`${headOf('ListStreams', 'expect: 100-continue', 'content-length: 2')}\r\n`)
    await polite.untilReceived(/HTTP\/1\.1 100 Continue\r\n\r\n/)
    polite.write('{}')
    await polite.untilReceived(/"StreamNames"/)
    const long = await dial(server.port)
    long.write(`${headOf('PutRecords', 'expect: 100-continue', `content-length: ${20 * MiB + 1}`)}\r\n`)
    await long.untilClosed()
    expect(statusesIn(long.text)).toEqual([413])
  })

  it('that ends early is answered to nobody', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    connection.write(`${headOf('PutRecord', 'content-length: 1000')}\r\n{"StreamName":"clicks"`)
    connection.socket.end()
    await connection.untilClosed()
    expect(statusesIn(connection.text).filter((status) => status === 200)).toEqual([])
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })
})

describe('a connection', () => {
  it('may have several requests at once: each is answered, in order', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    const wrong = requestOf('DescribeStreamSummary', { StreamName: 'none' })
    connection.write(requestOf('ListStreams', {}) + wrong + requestOf('ListStreams', {}, 'connection: close'))
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([200, 400, 200])
    await forgotten(server)
  })

  it('that is half closed still gets its answer', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port, { allowHalfOpen: true })
    connection.write(requestOf('ListStreams', {}))
    connection.socket.end()
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([200])
    await forgotten(server)
  })

  it('that is reset in the middle leaves nothing', async () => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    connection.write(`${headOf('PutRecord', 'content-length: 1000')}\r\n{`)
    connection.socket.resetAndDestroy()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })
})

const smuggled = 'GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n'

/** Requests of which two readers could disagree where they end. */
const ambiguous: readonly (readonly [string, string])[] = [
  [
    'a length and chunks',
    `${headOf('ListStreams', 'content-length: 2', 'transfer-encoding: chunked')}\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'chunks and a length',
    `${headOf('ListStreams', 'transfer-encoding: chunked', 'content-length: 2')}\r\n0\r\n\r\n${smuggled}`,
  ],
  ['two lengths', `${headOf('ListStreams', 'content-length: 2', 'content-length: 40')}\r\n{}${smuggled}`],
  [
    'the same length twice',
    `${headOf('ListStreams', 'content-length: 2', 'content-length: 2')}\r\n{}${smuggled}`,
  ],
  ['a list of lengths', `${headOf('ListStreams', 'content-length: 2, 2')}\r\n{}${smuggled}`],
  ['a signed length', `${headOf('ListStreams', 'content-length: +2')}\r\n{}${smuggled}`],
  ['a hexadecimal length', `${headOf('ListStreams', 'content-length: 0x2')}\r\n{}${smuggled}`],
  ['a negative length', `${headOf('ListStreams', 'content-length: -1')}\r\n{}${smuggled}`],
  ['a space before the colon', `${headOf('ListStreams', 'content-length : 2')}\r\n{}${smuggled}`],
  ['a space before a name', `${headOf('ListStreams', ' content-length: 2')}\r\n{}${smuggled}`],
  ['a folded header', `${headOf('ListStreams', 'transfer-encoding:\r\n chunked')}\r\n0\r\n\r\n${smuggled}`],
  [
    'chunks in another coding',
    `${headOf('ListStreams', 'transfer-encoding: chunked, identity')}\r\n0\r\n\r\n${smuggled}`,
  ],
  ['chunks that are none', `${headOf('ListStreams', 'transfer-encoding: xchunked')}\r\n0\r\n\r\n${smuggled}`],
  [
    'lines that end without a return',
    headOf('ListStreams', 'content-length: 2').replaceAll('\r\n', '\n') + `\n{}${smuggled}`,
  ],
  ['one such line', `${headOf('ListStreams', 'x-a: b\ncontent-length: 2')}\r\n{}${smuggled}`],
  ['a return in a value', `${headOf('ListStreams', 'x-a: b\rcontent-length: 2')}\r\n{}${smuggled}`],
  ['a zero byte in a value', `${headOf('ListStreams', 'x-a: b\0c', 'content-length: 2')}\r\n{}${smuggled}`],
  [
    'a chunk with a wrong size',
    `${headOf('ListStreams', 'transfer-encoding: chunked')}\r\n-2\r\n{}\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'a chunk that is longer than it says',
    `${headOf('ListStreams', 'transfer-encoding: chunked')}\r\n1\r\n{}\r\n0\r\n\r\n${smuggled}`,
  ],
  [
    'a chunk that ends without a return',
    `${headOf('ListStreams', 'transfer-encoding: chunked')}\r\n2\n{}\n0\n\n${smuggled}`,
  ],
  ['two hosts', `${headOf('ListStreams', 'host: b', 'content-length: 2')}\r\n{}${smuggled}`],
  [
    'two signatures',
    `${headOf('ListStreams', 'Authorization: AWS4-HMAC-SHA256 x', 'content-length: 2')}\r\n{}${smuggled}`,
  ],
  [
    'two types',
    `${headOf('ListStreams', 'content-type: application/x-amz-cbor-1.1', 'content-length: 2')}\r\n{}${smuggled}`,
  ],
  [
    'no host',
    headOf('ListStreams', 'content-length: 2').replace('host: 127.0.0.1\r\n', '') + `\r\n{}${smuggled}`,
  ],
  [
    'another version',
    headOf('ListStreams', 'content-length: 2').replace('HTTP/1.1', 'HTTP/1.7') + `\r\n{}${smuggled}`,
  ],
]

describe('a request that two readers could read differently', () => {
  it.each(ambiguous)('by %s is refused, with all behind it', async (_how, bytes) => {
    const server = await limitedServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(Buffer.from(bytes, 'latin1'))
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([400])
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })
})

describe('headers', () => {
  it.each([
    ['too long in all', [`x-a: ${'a'.repeat(20_000)}`]],
    ['too long in all, by many', Array.from({ length: 2000 }, (_, index) => `x-${index}: aaaaaaaaaa`)],
    ['too long as a path', []],
  ])('that are %s are refused', async (how, more) => {
    const server = await limitedServer()
    const connection = await dial(server.port)
    const head = headOf('ListStreams', 'content-length: 2', ...more)
    connection.write(
      `${how.endsWith('path') ? head.replace('POST /', `POST /${'a'.repeat(20_000)}`) : head}\r\n{}`,
    )
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([431])
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it.each([
    ['nothing known', '\0\x01\x02\x03'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.0\r\n'],
    ["a proxy's word", 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n'],
    ['a tunnel', 'CONNECT other:443 HTTP/1.1\r\nhost: other:443\r\n\r\n'],
    ['a preface with a mistake', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'],
    ['a record of TLS', '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00'],
  ])('that are %s end the connection', async (_what, sent) => {
    const server = await limitedServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(Buffer.from(sent, 'latin1'))
    await connection.untilClosed()
    expect(statusesIn(connection.text).every((status) => status === 400)).toBe(true)
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })
})
