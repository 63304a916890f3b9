import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ServerProcess } from '../../examples/firehose/server-process.ts'

const program = fileURLToPath(new URL('programs/server.mjs', import.meta.url))

async function started(manner: 'ends' | 'fails' | 'hangs', endMs?: number): Promise<ServerProcess> {
  const setting = { dir: manner, port: 0, buckets: '' }
  const server = await ServerProcess.start(setting, { program, ...(endMs === undefined ? {} : { endMs }) })
  onTestFinished(() => server.kill())
  return server
}

describe('the server of the example of Firehose', () => {
  it('ends in good order, and again', async () => {
    const server = await started('ends')
    await server.flush()
    await server.close()
    expect(await server.close()).toBeUndefined()
  })

  it('ends when it cannot do so in good order, and says why', async () => {
    const server = await started('fails')
    await expect(server.close()).rejects.toThrow('cannot end')
    await server.close()
  })

  it('ends when it does not answer', async () => {
    const server = await started('hangs', 1)
    await expect(server.close()).rejects.toThrow('SIGKILL')
  })

  it('has ended when it was killed, whoever looks', async () => {
    const server = await started('ends')
    server.kill()
    await server.close()
    await expect(server.flush()).rejects.toThrow('SIGKILL')
    await server.killAndRestart()
    await server.flush()
    await server.close()
  })
})
