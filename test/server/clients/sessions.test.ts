import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { usualHeaders } from '../../aws/raw.ts'
import { call2, openSession } from '../http2-call.ts'
import { quiet, serve } from '../rig.ts'
import { everyClient } from './program.ts'

const inTurn = everyClient ? 5_000 : 500
const headers = { ...usualHeaders, ':method': 'POST', 'x-amz-target': 'Kinesis_20131202.PutRecord' }
const body = JSON.stringify({ StreamName: 'clicks', PartitionKey: 'key', Data: 'YQ==' })

/** What the SDK's Kinesis client does for each request: a connection and a session of their own. */
async function putAlone(endpoint: string): Promise<number> {
  const session = await openSession(endpoint)
  const { status } = await call2(session, headers, body)
  const closed = new Promise<void>((resolve) => session.once('close', resolve))
  session.close()
  await closed
  return status
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

describe('a session of HTTP/2 for each request', () => {
  it('leaves nothing behind: thousands in turn, two hundred at once', { timeout: 120_000 }, async () => {
    const { store, server } = await serve()
    const stream = await store.createStream('clicks', { shards: 1 })
    expect(await putAlone(server.endpoint)).toBe(200)
    await quiet(server)
    const before = descriptors()
    const beganMs = performance.now()
    for (let at = 0; at < inTurn; at++) expect(await putAlone(server.endpoint)).toBe(200)
    const tookMs = performance.now() - beganMs
    process.stdout.write(
      `${((inTurn / tookMs) * 1000).toFixed(0)} sessions a second, client in the same process\n`,
    )
    const statuses = await Promise.all(Array.from({ length: 200 }, () => putAlone(server.endpoint)))
    expect(new Set(statuses)).toEqual(new Set([200]))
    await quiet(server)
    expect(server.load).toMatchObject({ connections: 0, sessions: 0, requests: 0 })
    expect(descriptors()).toBe(before)
    let stored = 0
    for await (const batch of stream.readBatches({ from: 'oldest', until: 'tail' })) stored += batch.length
    expect(stored).toBe(inTurn + 201)
  })
})
