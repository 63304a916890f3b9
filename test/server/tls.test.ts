import { X509Certificate } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { Agent, get } from 'node:https'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { selfSigned } from '../../src/server/self-signed.ts'
import type { Server } from '../../src/server/server.ts'
import { hourMs } from '../../src/units.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { forgotten, goodRequest, limitedServer, requestOf, shortTimes } from './limited.ts'
import { dial, statusesIn } from './raw-connection.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'millrace-tls-test-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Where temporary files of this test go. */
async function temporary(): Promise<string> {
  const path = await folder()
  vi.stubEnv('TMPDIR', path)
  onTestFinished(() => void vi.unstubAllEnvs())
  return path
}

/** A connection of TLS, or the error that it ended with. */
async function secured(server: Server, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const ca = await readFile(server.certificateFile ?? '')
  const socket = connect({ host: '127.0.0.1', port: server.port, ca, ...options })
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  return socket
}

async function tlsServer(limits = {}): Promise<Server> {
  return limitedServer(limits, { tls: { folder: await folder() } })
}

describe('a server with TLS', () => {
  it.each([
    ['h2', ['h2', 'http/1.1'], 'h2'],
    ['HTTP/1.1', ['http/1.1'], 'http/1.1'],
    ['no protocol', undefined, false],
  ])('agrees with a client that offers %s', async (_what, offered, agreed) => {
    const server = await tlsServer()
    const socket = await secured(server, offered === undefined ? {} : { ALPNProtocols: offered })
    expect([socket.authorized, socket.alpnProtocol]).toEqual([true, agreed])
  })

  it('answers over both, with a certificate that its client can trust', async () => {
    const server = await tlsServer()
    expect(server.endpoint).toBe(`https://127.0.0.1:${server.port}`)
    const ca = await readFile(server.certificateFile ?? '')
    const agent = new Agent({ ca })
    const one = await new Promise((resolve) =>
      get(`${server.endpoint}/healthz`, { agent }, ({ httpVersion }) => resolve(httpVersion)),
    )
    agent.destroy()
    const session = connectHttp2(server.endpoint, { ca })
    const two = await new Promise((resolve) =>
      session.request({ ':path': '/healthz' }).on('response', (headers) => resolve(headers[':status'])),
    )
    session.destroy()
    expect([one, two]).toEqual(['1.1', 200])
    await forgotten(server)
  })

  it('serves the SDK', async () => {
    const server = await tlsServer()
    const httpsAgent = new Agent({ ca: await readFile(server.certificateFile ?? '') })
    const client = new KinesisClient({
      region: 'us-east-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
      endpoint: server.endpoint,
      requestHandler: new NodeHttpHandler({ httpsAgent }),
    })
    await expect(client.send(new ListStreamsCommand({}))).resolves.toMatchObject({ StreamNames: ['clicks'] })
    client.destroy()
    httpsAgent.destroy()
  })

  it('still takes what comes from this machine without', async () => {
    const server = await tlsServer()
    expect(await goodRequest(server)).toBe(200)
  })

  it.each([
    ['TLS 1.1', { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const],
    ['a protocol that nobody speaks', { ALPNProtocols: ['spdy/3'] }],
    [
      'a name that the certificate has not',
      { servername: 'example.com', host: '127.0.0.1', checkServerIdentity: undefined },
    ],
  ])('agrees with no client that wants %s', async (_what, options) => {
    const server = await tlsServer()
    await expect(secured(server, options as ConnectionOptions)).rejects.toThrow()
    await forgotten(server)
  })

  it('cuts off whoever begins a handshake and does not end it', async () => {
    const server = await tlsServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]))
    await connection.untilClosed()
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('takes no request without TLS on a connection that began with it', async () => {
    const server = await tlsServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05])).write(requestOf('ListStreams', {}))
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([])
    await forgotten(server)
    expect(await goodRequest(server)).toBe(200)
  })

  it('takes no TLS on a connection that began without', async () => {
    const server = await tlsServer(shortTimes)
    const connection = await dial(server.port)
    connection.write(requestOf('ListStreams', {}))
    await connection.untilReceived(/"StreamNames"/)
    connection.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0, 0, 1, 0]))
    await connection.untilClosed()
    expect(statusesIn(connection.text)).toEqual([200, 400])
    await forgotten(server)
  })
})

describe('a certificate that signs itself', () => {
  const clock = new ManualClock()

  it('is kept for the next start, with a key for its owner only', async () => {
    const path = await folder()
    const made = await selfSigned(path, '127.0.0.1', clock)
    expect((await stat(join(path, 'key.pem'))).mode & 0o777).toBe(0o600)
    expect(made.made).toBe(true)
    const kept = await selfSigned(path, '127.0.0.1', clock)
    expect(kept).toEqual({ ...made, made: false })
  })

  it("has the usual names, this machine's and that of the host", async () => {
    const { cert } = await selfSigned(await folder(), 'kinesis.test', clock)
    const certificate = new X509Certificate(cert)
    expect(['localhost', 'kinesis.test'].map((name) => certificate.checkHost(name))).toEqual([
      'localhost',
      'kinesis.test',
    ])
    expect(['127.0.0.1', '::1'].map((address) => certificate.checkIP(address))).toEqual(['127.0.0.1', '::1'])
    expect(certificate.checkHost('example.com')).toBeUndefined()
  })

  it.each([
    ['it has another name', (path: string) => selfSigned(path, 'other.test', clock)],
    [
      'it ends within a week',
      async (path: string) => {
        const later = new ManualClock(clock.nowMs() + 390 * 24 * hourMs)
        return selfSigned(path, '127.0.0.1', later)
      },
    ],
    [
      'it is damaged',
      async (path: string) => {
        await writeFile(join(path, 'cert.pem'), 'half a')
        return selfSigned(path, '127.0.0.1', clock)
      },
    ],
    [
      'the key is another one',
      async (path: string) => {
        const other = await selfSigned(await folder(), '127.0.0.1', clock)
        await chmod(join(path, 'key.pem'), 0o644)
        await writeFile(join(path, 'key.pem'), other.key)
        return selfSigned(path, '127.0.0.1', clock)
      },
    ],
  ])('is made anew if %s', async (_why, again) => {
    const path = await folder()
    const { cert } = await selfSigned(path, '127.0.0.1', clock)
    const next = await again(path)
    expect(next.made).toBe(true)
    expect(next.cert).not.toBe(cert)
    expect((await stat(join(path, 'key.pem'))).mode & 0o777).toBe(0o600)
  })
})

describe('a certificate among the temporary files', () => {
  it('is there as long as the server is', async () => {
    const path = await temporary()
    const server = await limitedServer({}, { tls: true })
    expect(await readFile(server.certificateFile ?? '', 'utf8')).toContain('BEGIN CERTIFICATE')
    expect(server.certificateFile?.startsWith(path)).toBe(true)
    await server.close()
    expect(await readdir(path)).toEqual([])
  })

  it('does not stay if the server cannot listen', async () => {
    const other = await limitedServer()
    const path = await temporary()
    await expect(limitedServer({}, { tls: true, port: other.port })).rejects.toThrow('cannot listen')
    expect(await readdir(path)).toEqual([])
  })

  it('of another folder stays', async () => {
    const path = await folder()
    const server = await limitedServer({}, { tls: { folder: path } })
    await server.close()
    expect((await readdir(path)).toSorted()).toEqual(['cert.pem', 'key.pem'])
  })
})

describe('options of TLS', () => {
  it.each([
    [{ cert: 'no pem', key: 'x' }, 'tls.cert'],
    [{ cert: '-----BEGIN CERTIFICATE-----', key: 'my secret key' }, 'tls.key'],
    [{ folder: 'a', cert: 'b' }, 'tls.folder'],
    ['yes', 'tls'],
    [{ cert: '-----BEGIN CERTIFICATE-----', key: '-----BEGIN PRIVATE KEY-----\nmy secret key' }, 'tls'],
  ])('are refused if they are %j, without a word of the key', async (tls, field) => {
    const refusal = await limitedServer({}, { tls: tls as never }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { field } })
    expect(`${String(refusal)}${JSON.stringify(refusal)}`).not.toContain('my secret')
  })
})
