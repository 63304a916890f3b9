import { onTestFinished, vi } from 'vitest'
import { type HttpLimits, httpLimits } from '../../src/server/http-limits.ts'
import type { ServerOptions } from '../../src/server/server-options.ts'
import { type Server, startServerWithin } from '../../src/server/server.ts'
import { testStore } from '../../src/testing/test-store.ts'

/** Limits of time for tests that wait for them. */
export const shortTimes = { headersMs: 150, requestMs: 300, idleMs: 200, checkMs: 20 } as const

/** A server with other limits than usual, and a stream `clicks`. The test that asked for it closes it by ending. */
export async function limitedServer(
  limits: Partial<HttpLimits> = {},
  options: ServerOptions = {},
): Promise<Server> {
  const store = await testStore()
  await store.createStream('clicks')
  const server = await startServerWithin(
    store,
    { port: 0, graceMs: 1000, ...options },
    { ...httpLimits, ...limits },
  )
  onTestFinished(async () => {
    await server.close()
    await store.close()
  })
  return server
}

/** Fulfils when the server holds nothing of its clients any more. */
export async function forgotten(server: Server): Promise<void> {
  await vi.waitFor(
    () => {
      const held = Object.entries(server.load).filter(([, count]) => count !== 0)
      if (held.length > 0) throw new Error(`still held: ${held.join(' ')}`)
    },
    { timeout: 5000, interval: 5 },
  )
}

const headers = {
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00',
}

/** The head of a request for an operation, as bytes of HTTP/1.1, without the empty line. */
export function headOf(operation: string, ...more: readonly string[]): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  return [
    'POST / HTTP/1.1',
    'host: 127.0.0.1',
    `x-amz-target: Kinesis_20131202.${operation}`,
    ...lines,
    ...more,
    '',
  ].join('\r\n')
}

/** A whole request. */
export function requestOf(operation: string, input: unknown, ...more: readonly string[]): string {
  const body = JSON.stringify(input)
  return `${headOf(operation, `content-length: ${Buffer.byteLength(body)}`, ...more)}\r\n${body}`
}

/** The status of an ordinary request on a connection of its own. */
export async function goodRequest(server: Server): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${server.port}`, {
    method: 'POST',
    headers: { ...headers, 'x-amz-target': 'Kinesis_20131202.ListStreams', connection: 'close' },
    body: '{}',
  })
  await answer.arrayBuffer()
  return answer.status
}
