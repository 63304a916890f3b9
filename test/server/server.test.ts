import { request as http1Request } from 'node:http'
import { connect } from 'node:http2'
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { runningFirehose } from '../../src/firehose/firehose.ts'
import { startServer } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'

const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }

const odd: readonly unknown[] = [7, null, 'x', [], true, () => {}, Symbol('x'), 7n, Number.NaN]
const is =
  (fit: unknown) =>
  (value: unknown): boolean =>
    value === fit

/** Every option, and which of the odd values fit it. */
const choices: Readonly<Record<string, (value: unknown) => boolean>> = {
  host: is('x'),
  port: is(7),
  credentials: () => false,
  insecure: is(true),
  allowedHosts: Array.isArray,
  tls: is(true),
  graceMs: is(7),
  console: is(true),
  firehose: () => false,
  log: () => false,
}

describe('a server', () => {
  it('answers HTTP/1.1 and HTTP/2 on one port', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    const one = await new Promise<string>((resolve) => {
      http1Request(`${server.endpoint}/healthz`, (response) => resolve(response.httpVersion)).end()
    })
    const session = connect(server.endpoint)
    const two = await new Promise<unknown>((resolve) => {
      session
        .request({ ':path': '/healthz' })
        .on('response', (headers) => resolve(headers[':status']))
        .end()
    })
    session.close()
    expect({ one, two }).toEqual({ one: '1.1', two: 200 })
  })

  it('serves the SDK as it comes', async () => {
    await using store = await testStore()
    await store.createStream('clicks')
    await using server = await startServer(store, { port: 0 })
    const client = new KinesisClient({ region: 'us-east-1', credentials, endpoint: server.endpoint })
    const { StreamNames } = await client.send(new ListStreamsCommand({}))
    expect(StreamNames).toEqual(['clicks'])
    client.destroy()
  })

  it('says that its port is taken', async () => {
    await using store = await testStore()
    await using server = await startServer(store, { port: 0 })
    await expect(startServer(store, { port: server.port })).rejects.toMatchObject({
      code: 'ERR_MILLRACE_ADDRESS',
      details: { port: server.port, errno: 'EADDRINUSE' },
    })
  })

  it.each([
    [{ port: 65_536 }, 'port'],
    [{ host: 'a b' }, 'host'],
    [{ graceMs: -1 }, 'graceMs'],
  ])('refuses %j', async (options, field) => {
    await using store = await testStore()
    await expect(startServer(store, options)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      details: { field },
    })
  })

  it.each(Object.keys(choices))(
    'refuses every value of %s that is none, before anything starts',
    async (field) => {
      await using store = await testStore()
      for (const value of odd) {
        if (choices[field]?.(value) === true) continue
        await expect(startServer(store, { port: 0, [field]: value })).rejects.toMatchObject({
          code: 'ERR_MILLRACE_INVALID_ARGUMENT',
          message: expect.stringMatching(new RegExp(`^${field} must be `)) as string,
          details: { field },
        })
        expect(runningFirehose(store)).toBeUndefined()
      }
    },
  )

  it.each([[7], [null], ['x'], [[]], [true]])('refuses %j in place of its options', async (options) => {
    await using store = await testStore()
    await expect(startServer(store, options as never)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      details: { field: 'server options' },
    })
  })

  it.each([[7], [null], [undefined], [{}], [[]]])('refuses %j in place of a store', async (store) => {
    await expect(startServer(store as never)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_INVALID_ARGUMENT',
      details: { field: 'store' },
    })
  })

  it('refuses an option that it does not know', async () => {
    await using store = await testStore()
    await expect(startServer(store, { prot: 1 } as never)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNKNOWN_OPTION',
    })
  })
})
