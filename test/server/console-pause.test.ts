import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { httpLimits } from '../../src/server/http-limits.ts'
import { startServerWithin } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { shortTimes } from './limited.ts'
import { dial } from './raw-connection.ts'

it('a page that rests reads on where it stopped, when others that are silent have been cut off', async () => {
  const store = await testStore()
  const clicks = await store.createStream('clicks')
  const server = await startServerWithin(store, { port: 0, graceMs: 100 }, { ...httpLimits, ...shortTimes })
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  const records = 20_000
  for (let index = 0; index < records; index++) clicks.append('k', Buffer.alloc(400))
  clicks.append('the-last-one', Buffer.alloc(0))
  const page = connect(server.port, '127.0.0.1')
  onTestFinished(() => void page.destroy())
  const path = '/console/api/streams/000000000000/us-east-1/clicks/tail?from=oldest'
  page.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nx-millrace-console: 1\r\n\r\n`)
  await once(page, 'data')
  page.pause()
  // Each of these is cut off after the time that the page rests at least.
  for (let silent = 0; silent < 3; silent++) {
    const other = await dial(server.port)
    other.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n')
    await other.untilClosed()
  }
  let end = Buffer.alloc(0)
  for await (const part of page) {
    end = Buffer.concat([end, part as Buffer]).subarray(-1024)
    if (end.includes('the-last-one')) break
  }
  expect(end.toString()).toContain('the-last-one')
})
