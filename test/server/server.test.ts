import { request as http1Request } from 'node:http'
import { connect } from 'node:http2'
import { KinesisClient, ListStreamsCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { startServer } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'

const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' }

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

  it('refuses an option that it does not know', async () => {
    await using store = await testStore()
    await expect(startServer(store, { prot: 1 } as never)).rejects.toMatchObject({
      code: 'ERR_MILLRACE_UNKNOWN_OPTION',
    })
  })
})
