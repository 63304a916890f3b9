import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type Invocation,
  InvocationError,
  invocationOf,
} from '../../../src/firehose/processing/invocation.ts'
import { oddValues } from '../odd-values.ts'
import { never } from './delivery-records.ts'

const name = 'arn:aws:lambda:us-east-1:000000000000:function:shout:$LATEST'
const event = { invocationId: 'i', deliveryStreamArn: 'd', region: 'r', records: [] }

/** Calls what answers at an endpoint. */
async function at(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Invocation> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return invocationOf(name, { lambda: { endpoint: `http://127.0.0.1:${port}/` } })
}

describe('a function at an endpoint', () => {
  it('is invoked as Lambda is', async () => {
    const seen: unknown[] = []
    const invoke = await at((request, response) => {
      let body = ''
      request.on('data', (piece: Buffer) => (body += piece.toString()))
      request.on('end', () => {
        seen.push(request.method, request.url, request.headers['content-type'], JSON.parse(body))
        response.end('{"records":[]}')
      })
    })
    expect(await invoke(event, never)).toBe('{"records":[]}')
    const path = `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`
    expect(seen).toEqual(['POST', path, 'application/json', event])
  })

  it.each([
    [403, {}, 'denied', 'Lambda.InvokeAccessDenied', false],
    [404, {}, 'none', 'Lambda.ResourceNotFound', false],
    [429, {}, 'slow down', 'Lambda.InvokeLimitExceeded', true],
    [400, {}, 'what?', 'Lambda.FunctionError', false],
    [500, {}, 'oh', 'Lambda.FunctionError', true],
    [302, { location: '/elsewhere' }, '', 'Lambda.FunctionError', true],
    [200, { 'x-amz-function-error': 'Unhandled' }, '{"errorMessage":"boom"}', 'Lambda.FunctionError', true],
    [
      200,
      { 'x-amz-function-error': 'Unhandled' },
      '{"errorMessage":"2026 Task timed out after 3.00 seconds"}',
      'Lambda.FunctionTimedOut',
      true,
    ],
    [200, {}, 'x'.repeat(6 * 1024 * 1024 + 1), 'Lambda.FunctionError', false],
  ])('that answers %i %j fails', async (status, headers, body, code, again) => {
    const invoke = await at((_request, response) => response.writeHead(status, headers).end(body))
    await expect(invoke(event, never)).rejects.toMatchObject({ code, again })
  })

  it('is not read beyond what an answer may have', async () => {
    let ended = false
    const invoke = await at((_request, response) => {
      const more = (): void => {
        while (!ended && response.write(Buffer.alloc(1024 * 1024))) continue
      }
      response.on('drain', more).on('close', () => (ended = true))
      more()
    })
    await expect(invoke(event, never)).rejects.toMatchObject({ message: expect.stringContaining('larger') })
  })

  it('that is not there fails, and may be tried again', async () => {
    const invoke = invocationOf(name, { lambda: { endpoint: 'http://127.0.0.1:1' } })
    await expect(invoke(event, never)).rejects.toMatchObject({ code: 'Lambda.FunctionError', again: true })
  })

  it('that hangs up fails, and may be tried again', async () => {
    const invoke = await at((request) => request.socket.destroy())
    await expect(invoke(event, never)).rejects.toMatchObject({ code: 'Lambda.FunctionError', again: true })
  })

  it('is left alone once that is aborted', async () => {
    const abort = new AbortController()
    const invoke = await at(() => abort.abort(new Error('enough')))
    await expect(invoke(event, abort.signal)).rejects.toThrow('enough')
  })

  it('is not asked for what this program has itself', async () => {
    const functions = { [name]: () => ({ records: [] }) }
    const invoke = invocationOf(name, { functions, lambda: { endpoint: 'http://127.0.0.1:1' } })
    expect(await invoke(event, never)).toBe('{"records":[]}')
  })
})

describe('a function of the program', () => {
  it.each(oddValues)('has failed when it throws, or answers, %s', async (_, odd) => {
    const throwing = (): never => {
      throw odd
    }
    for (const own of [throwing, () => Promise.reject(odd as Error)]) {
      const thrown: unknown = await invocationOf('f', { functions: { f: own } })(event, never).catch(
        (error: unknown) => error,
      )
      expect(thrown).toBeInstanceOf(InvocationError)
      expect(thrown).toMatchObject({ code: 'Lambda.FunctionError', again: true })
    }
    // What can be written as JSON is an answer, which is judged as one of an endpoint is.
    const invoke = invocationOf('f', { functions: { f: () => odd as never } })
    const answer: unknown = await invoke(event, never).catch((error: unknown) => error)
    expect(typeof answer === 'string' || answer instanceof InvocationError).toBe(true)
  })
})
