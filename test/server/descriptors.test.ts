import { once } from 'node:events'
import { connect } from 'node:net'
import { CreateStreamCommand, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { describe, expect, it, onTestFinished } from 'vitest'
import { connectionsWithin, descriptorsLeft } from '../../src/server/descriptors.ts'
import { folder, sdkClient, servingWithin } from './serving.ts'

describe('connections', () => {
  it.each([
    [1_000_000, 10_000],
    [20_000, 10_000],
    [1_000, 500],
    [3, 1],
    [0, 1],
    [-5, 1],
  ])('with %i descriptors left are %i at most', (left, most) => {
    expect(connectionsWithin(10_000, left)).toBe(most)
  })

  // Elsewhere nobody tells how many there are.
  it.runIf(process.platform === 'linux')('are counted by what the process may open', () => {
    expect(descriptorsLeft()).toBeGreaterThan(0)
  })

  it.runIf(process.platform === 'linux')(
    'leave descriptors for the store and for what is loaded late',
    async () => {
      const server = await servingWithin(200, '--dir', await folder())
      const client = sdkClient(server.endpoint, { requestHandler: new NodeHttpHandler(), maxAttempts: 1 })
      // Its connection stays.
      await client.send(new CreateStreamCommand({ StreamName: 'clicks', ShardCount: 2 }))
      const idle = Array.from({ length: 400 }, () =>
        connect(server.port, '127.0.0.1').on('error', () => undefined),
      )
      onTestFinished(() => idle.forEach((socket) => void socket.destroy()))
      await Promise.race(idle.map((socket) => once(socket.resume(), 'close')))
      const Data = Buffer.from('data')
      for (const PartitionKey of ['a', 'b', 'c', 'd']) {
        await client.send(new PutRecordCommand({ StreamName: 'clicks', PartitionKey, Data }))
      }
      for (const socket of idle) socket.destroy()
      expect(await (await fetch(`${server.endpoint}/metrics`)).text()).toContain('millrace_connections')
      server.child.kill('SIGTERM')
      expect(await server.ended).toMatchObject({ code: 0 })
    },
  )
})
