import { describe, expect, it } from 'vitest'
import { usualHeaders } from '../aws/raw.ts'
import { Connection } from './connection.ts'
import { call2, openSession } from './http2-call.ts'
import { quiet, serve } from './rig.ts'

const listStreams = 'Kinesis_20131202.ListStreams'

interface RequestText {
  readonly target?: string
  readonly method?: string
  readonly version?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A request of HTTP/1.1 as text: a good one but for what is said. */
function request({
  target = '/',
  method = 'POST',
  version = '1.1',
  headers = {},
  body = '{}',
}: RequestText = {}): string {
  const all = {
    host: 'localhost',
    ...usualHeaders,
    'x-amz-target': listStreams,
    'content-length': body.length,
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${target} HTTP/${version}\r\n${lines.join('')}\r\n${body}`
}

const good = '{"StreamNames":[],"HasMoreStreams":false'

describe('HTTP/1.1 as clients write it', () => {
  it('answers requests that were sent without waiting, in their order', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    const count = 50
    connection.write(
      Array.from({ length: count }, (_, at) =>
        request({
          headers: { 'x-amz-target': at % 2 === 0 ? listStreams : `Kinesis_20131202.Unknown${at}` },
        }),
      ).join(''),
    )
    for (let at = 0; at < count; at++) {
      const { status, body } = await connection.answer()
      expect(status).toBe(at % 2 === 0 ? 200 : 400)
      if (at % 2 === 1) expect(body.toString()).toContain(`Unknown${at}'`)
    }
    connection.close()
    await quiet(server)
  })

  it('forgets a request whose connection breaks before its turn comes', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    const chunked = request({ body: '' }).replace('content-length: 0', 'transfer-encoding: chunked')
    connection.write(`${request()}${chunked}no length\r\n`)
    await connection.rest()
    await quiet(server)
    expect(server.load).toMatchObject({ connections: 0, sessions: 0, requests: 0 })
  })

  it('understands a request that comes byte by byte', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    for (const byte of Buffer.from(request())) {
      connection.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await connection.answer()).status).toBe(200)
    connection.close()
  })

  it('asks for the body that a client holds back, and not for one that is too long', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    const held = request({ headers: { expect: '100-continue', 'content-length': '2' }, body: '' })
    connection.write(held)
    expect((await connection.answer()).status).toBe(100)
    connection.write('{}')
    expect((await connection.answer()).status).toBe(200)
    connection.write(held.replace('content-length: 2', 'content-length: 999999999'))
    expect((await connection.answer()).status).toBe(413)
    expect((await connection.rest()).length).toBe(0)
    await quiet(server)
  })

  it('refuses an expectation that it does not know', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(request({ headers: { expect: '200-ok' } }))
    expect((await connection.answer()).status).toBe(417)
    connection.close()
    await quiet(server)
  })

  it('takes a body in chunks', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    const head = request({ body: '' }).replace('content-length: 0', 'transfer-encoding: chunked')
    connection.write(`${head}1\r\n{\r\n1;extension=1\r\n}\r\n0\r\ntrailer: x\r\n\r\n`)
    const { status, body } = await connection.answer()
    expect({ status, body: body.toString().slice(0, good.length) }).toEqual({ status: 200, body: good })
    connection.close()
  })

  it('speaks HTTP/1.0 to who speaks it, and closes after the answer', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(request({ version: '1.0' }))
    expect((await connection.answer()).status).toBe(200)
    expect((await connection.rest()).length).toBe(0)
    await quiet(server)
  })

  it.each([
    'http://kinesis.us-east-1.amazonaws.com/',
    'http://kinesis.us-east-1.amazonaws.com',
    '/?',
    '/%2e%2e/',
    '//',
    '/a%zz',
  ])('gives %s to the services', async (target) => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(request({ target }))
    const { status, body } = await connection.answer()
    expect({ status, body: body.toString().slice(0, good.length) }).toEqual({ status: 200, body: good })
    connection.close()
  })

  it('answers the health of an absolute target, and a HEAD with no body', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(request({ method: 'GET', target: 'http://anywhere/healthz?x=1', body: '' }))
    expect(String((await connection.answer()).body)).toBe('ok\n')
    connection.write(request({ method: 'HEAD', target: '/healthz', body: '' }))
    const head = await connection.answer({ bodyless: true })
    expect({ status: head.status, length: head.headers['content-length'] }).toEqual({
      status: 200,
      length: '3',
    })
    connection.write(request({ method: 'HEAD', body: '' }))
    expect((await connection.answer({ bodyless: true })).status).toBe(403)
    connection.write(request())
    expect((await connection.answer()).status).toBe(200)
    connection.close()
    await quiet(server)
  })

  it.each(['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('refuses %s as AWS does', async (method) => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(request({ method }))
    const { status, body } = await connection.answer()
    expect(status).toBe(403)
    expect(String(body)).toContain('<AccessDeniedException>')
    connection.close()
  })

  it('closes CONNECT and a change of protocol without an answer of its own', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write('CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n')
    await connection.rest()
    const upgrade = await Connection.open(server)
    upgrade.write(request({ headers: { connection: 'upgrade', upgrade: 'h2c' } }))
    expect((await upgrade.answer()).status).toBe(200)
    upgrade.close()
    await quiet(server)
  })
})

describe('a client that goes before it is known what it speaks', () => {
  it.each(['', 'P', 'PR', 'PRI'])('is not kept, nor waited for, after %j', async (bytes) => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.socket.end(bytes)
    expect((await connection.rest()).length).toBe(0)
    await quiet(server)
    expect(server.load.connections).toBe(0)
  })
})

describe('a client that speaks TLS to a port without', () => {
  it('is told so and not kept', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 1, 2, 3, 4, 5]))
    // A fatal alert: the handshake failed.
    expect([...(await connection.rest())]).toEqual([0x15, 3, 3, 0, 2, 2, 0x28])
    await quiet(server)
    expect(server.load.connections).toBe(0)
  })
})

describe('what a browser asks', () => {
  // Pages of this machine may call a server on it; others only if it was told of them.
  const origin = 'http://localhost:5173'
  const asked = {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'x-amz-target',
  }
  const allowed = {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'x-amz-target',
    'access-control-max-age': '172800',
  }

  it('is allowed over HTTP/1.1, and its requests are answered so that a page may read them', async () => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(request({ method: 'OPTIONS', headers: asked, body: '' }))
    const { status, headers, body } = await connection.answer()
    expect({ status, body: String(body) }).toEqual({ status: 200, body: '' })
    expect(headers).toMatchObject(allowed)
    connection.write(request({ headers: { origin } }))
    expect((await connection.answer()).headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-expose-headers': expect.stringContaining('x-amzn-RequestId'),
    })
    connection.close()
  })

  it('is allowed over HTTP/2', async () => {
    const { server } = await serve()
    const session = await openSession(server.endpoint)
    const { status, headers } = await call2(session, { ':method': 'OPTIONS', ...asked })
    expect(status).toBe(200)
    expect(headers).toMatchObject(allowed)
    session.destroy()
  })
})

describe('a target that no operation has', () => {
  it.each([
    'Kinesis_20131202.Nothing',
    'DynamoDB_20120810.ListTables',
    'Kinesis_20131202.toString',
    '',
    '.',
    'Kinesis_20131202',
  ])('gets UnknownOperationException for %j over both protocols', async (target) => {
    const { server } = await serve()
    const connection = await Connection.open(server)
    connection.write(request({ headers: { 'x-amz-target': target } }))
    const session = await openSession(server.endpoint)
    const headers = { ':method': 'POST', ...usualHeaders, 'x-amz-target': target }
    for (const { status, body } of [await connection.answer(), await call2(session, headers, '{}')]) {
      expect(status).toBe(400)
      expect(JSON.parse(String(body))).toMatchObject({ __type: 'UnknownOperationException' })
    }
    connection.close()
    session.destroy()
    await quiet(server)
  })
})
