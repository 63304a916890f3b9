import { type AddressInfo, createServer, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HttpDestination } from '../../../src/firehose/configuration.ts'
import { httpBody, recordBytesMax } from '../../../src/firehose/destinations/http-body.ts'
import { HttpReceiver } from '../../../src/firehose/destinations/http.ts'
import { ManualClock } from '../../../src/testing/index.ts'
import { recordContract } from './contract.ts'
import { type EndpointAnswer, EndpointServer, taken } from './endpoint-server.ts'
import { parcelOf, recordsOf, rejection, unaborted } from './parcels.ts'

const mebibyte = 1024 * 1024
const deliveryStreamArn = 'arn:aws:firehose:us-east-1:000000000000:deliverystream/clicks'

let server: EndpointServer
let clock: ManualClock
const opened: HttpReceiver[] = []

beforeEach(async () => {
  server = await EndpointServer.start()
  clock = new ManualClock()
})

afterEach(async () => {
  for (const each of opened.splice(0)) await each.close()
  await server.close()
})

function receiver(more: Partial<HttpDestination> = {}): HttpReceiver {
  const to: HttpDestination = {
    kind: 'http',
    url: server.url,
    name: 'endpoint',
    commonAttributes: [],
    contentEncoding: 'NONE',
    ...more,
  }
  const made = new HttpReceiver({ to, deliveryStreamArn, clock })
  opened.push(made)
  return made
}

for (const contentEncoding of ['NONE', 'GZIP'] as const) {
  recordContract(`an HTTP endpoint (${contentEncoding})`, async () => ({
    destination: receiver({ contentEncoding }),
    taken: async () => server.records,
    breakDown: async () => {
      server.answer = (outgoing) => outgoing.writeHead(503).end()
    },
    repair: async () => {
      server.answer = taken
    },
    close: async () => {},
  }))
}

describe('a request', () => {
  it('has the form that AWS documents', async () => {
    const parcel = parcelOf(recordsOf('hello', 'hello world'), 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f')
    await receiver({ accessKey: 'secret ä', contentEncoding: 'GZIP' }).deliver(parcel, unaborted)
    const [request] = server.requests
    expect(request?.text).toBe(
      `{"requestId":"ed4acda5-034f-9f42-bba1-f29aea6d7d8f","timestamp":${clock.nowMs()},` +
        '"records":[{"data":"aGVsbG8="},{"data":"aGVsbG8gd29ybGQ="}]}',
    )
    expect(request).toMatchObject({ method: 'POST', url: '/in?key=a%20b' })
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'content-encoding': 'gzip',
      'content-length': expect.stringMatching(/^\d+$/),
      'x-amz-firehose-protocol-version': '1.0',
      'x-amz-firehose-request-id': 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f',
      'x-amz-firehose-source-arn': deliveryStreamArn,
      'x-amz-firehose-access-key': Buffer.from('secret ä').toString('latin1'),
    })
    expect(request?.headers).not.toHaveProperty('x-amz-firehose-common-attributes')
  })

  it('has common attributes in a header that every server reads, and nothing that was not set', async () => {
    const commonAttributes = [
      { name: 'deployment -context', value: 'pre-prod-gamma' },
      { name: '__proto__', value: 'ä\n"🌊' },
    ]
    await receiver({ commonAttributes }).deliver(parcelOf(recordsOf('x')), unaborted)
    const headers = server.requests[0]?.headers ?? {}
    const header = String(headers['x-amz-firehose-common-attributes'])
    expect(header).toMatch(/^[\u0020-\u007e]+$/)
    expect(Object.entries((JSON.parse(header) as { commonAttributes: object }).commonAttributes)).toEqual(
      commonAttributes.map(({ name, value }) => [name, value]),
    )
    expect(headers).not.toHaveProperty('content-encoding')
    expect(headers).not.toHaveProperty('x-amz-firehose-access-key')
  })

  it('keeps its id when it is repeated, and its connection', async () => {
    const endpoint = receiver()
    server.answer = (outgoing) => outgoing.writeHead(500).end('not now')
    const parcel = parcelOf(recordsOf('x'))
    await rejection(endpoint.deliver(parcel, unaborted))
    server.answer = taken
    await endpoint.deliver({ ...parcel, attempt: 2 }, unaborted)
    expect(new Set(server.requests.map((request) => request.json.requestId))).toEqual(new Set([parcel.id]))
    expect(server.connections).toBe(1)
  })

  it('goes over a new connection where the kept one was closed meanwhile', async () => {
    const endpoint = receiver()
    await endpoint.deliver(parcelOf(recordsOf('a')), unaborted)
    let cut = 0
    server.answer = (outgoing, request, incoming) => {
      if (cut++ === 0) incoming.socket.destroy()
      else taken(outgoing, request, incoming)
    }
    await endpoint.deliver(parcelOf(recordsOf('b')), unaborted)
    expect(server.connections).toBe(2)
  })

  it('is never larger than AWS makes them, and takes as many bytes as it says', async () => {
    const data = Buffer.alloc(Math.floor(recordBytesMax / 10_000), 'x')
    const records = Array.from({ length: 10_000 }, () => ({ data, arrivedAtMs: 0 }))
    const parts = { id: 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f', timestampMs: 1_578_090_901_599 }
    expect((await httpBody({ ...parts, records })).length).toBeLessThanOrEqual(64 * mebibyte)
    const one = [{ data: Buffer.alloc(recordBytesMax), arrivedAtMs: 0 }]
    expect((await httpBody({ ...parts, records: one })).length).toBeGreaterThan(63 * mebibyte)
    const tooMany = [...records, ...recordsOf('x')]
    for (const refused of [tooMany, [...one, ...recordsOf('x'.repeat(mebibyte))]]) {
      expect(await rejection(httpBody({ ...parts, records: refused }))).toMatchObject({
        code: 'HttpEndpoint.RequestTooLarge',
        again: false,
      })
    }
  })

  it.each(['ftp://x/', 'nowhere', ''])('cannot go to %j', (url) => {
    expect(() => receiver({ url })).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }),
    )
  })

  it.each(['a\r\nX-Evil: 1', 'x'.repeat(4097)])(
    'has no access key that would be another header, or too long',
    (accessKey) => {
      expect(() => receiver({ accessKey })).toThrow(
        expect.objectContaining({
          code: 'ERR_MILLRACE_INVALID_ARGUMENT',
          message: expect.not.stringContaining('xx'),
        }),
      )
    },
  )
})

function answerJson(
  outgoing: Parameters<EndpointAnswer>[0],
  body: string,
  status = 200,
  more: Record<string, string> = {},
): void {
  outgoing.writeHead(status, { 'Content-Type': 'application/json', ...more }).end(body)
}

const right = (id: string): string => JSON.stringify({ requestId: id, timestamp: 1 })

/** Answers that are none of success, with the code of each. */
const failures: [string, EndpointAnswer, string, boolean?][] = [
  ['201', (out, { json: { requestId } }) => answerJson(out, right(requestId), 201), 'DestinationException'],
  ['204', (out) => out.writeHead(204).end(), 'DestinationException'],
  ['a redirect', (out) => out.writeHead(307, { Location: '/elsewhere' }).end(), 'DestinationException'],
  ['400', (out) => answerJson(out, '{"errorMessage":"no"}', 400), 'DestinationException'],
  ['413', (out) => answerJson(out, '{"errorMessage":"too large"}', 413), 'DestinationException', false],
  ['500', (out) => answerJson(out, '{}', 500), 'DestinationException'],
  ['another id', (out) => answerJson(out, right('another')), 'InvalidResponseFromDestination'],
  ['no id', (out) => answerJson(out, '{"timestamp":1}'), 'InvalidResponseFromDestination'],
  [
    'no time',
    (out, { json: { requestId } }) => answerJson(out, JSON.stringify({ requestId })),
    'InvalidResponseFromDestination',
  ],
  ['no body', (out) => answerJson(out, ''), 'InvalidResponseFromDestination'],
  ['null', (out) => answerJson(out, 'null'), 'InvalidResponseFromDestination'],
  ['half of a JSON', (out) => answerJson(out, '{"requestId":'), 'InvalidResponseFromDestination'],
  [
    'no type',
    (out, { json: { requestId } }) => out.writeHead(200).end(right(requestId)),
    'InvalidResponseFromDestination',
  ],
  [
    'HTML',
    (out, { json: { requestId } }) => answerJson(out, right(requestId), 200, { 'Content-Type': 'text/html' }),
    'InvalidResponseFromDestination',
  ],
  [
    'a compressed one',
    (out, { json: { requestId } }) =>
      out
        .writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
        .end(gzipSync(right(requestId))),
    'InvalidResponseFromDestination',
  ],
  ['a body without end', (out) => flood(out, 200), 'ResponseTooLarge'],
  ['413 without end', (out) => flood(out, 413), 'ResponseTooLarge', false],
  ['a long reason', (out) => out.writeHead(500, 'x'.repeat(65)).end(), 'ResponseReasonPhraseExceededLimit'],
  ['no answer but a closed connection', (_, __, incoming) => incoming.socket.destroy(), 'ConnectionReset'],
  [
    'half of a body',
    (out, _, incoming) => {
      out.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '100' })
      out.write('{"requestId":', () => incoming.socket.destroy())
    },
    'ConnectionReset',
  ],
  [
    'what is no HTTP',
    (_, __, incoming) => incoming.socket.end('SSH-2.0-OpenSSH\r\n\r\n'),
    'InvalidResponseFromDestination',
  ],
  [
    'a head without end',
    (_, __, incoming) => incoming.socket.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`),
    'InvalidResponseFromDestination',
  ],
]

/** Writes until nobody listens. */
function flood(outgoing: Parameters<EndpointAnswer>[0], status: number): void {
  outgoing.writeHead(status, { 'Content-Type': 'application/json' })
  const chunk = ' '.repeat(64 * 1024)
  const go = (): void => {
    while (!outgoing.destroyed && outgoing.write(chunk));
    if (!outgoing.destroyed) outgoing.once('drain', go)
  }
  go()
}

describe('an answer', () => {
  it.each(failures)('that is %s is a failure', async (_, answer, code, again = true) => {
    server.answer = answer
    const error = await rejection(receiver().deliver(parcelOf(recordsOf('x')), unaborted))
    expect(error).toMatchObject({ name: 'DeliveryError', code: `HttpEndpoint.${code}`, again })
    expect(clock.pending).toBe(0)
  })

  it('is shown, but not all of it, and on one line', async () => {
    server.answer = (out) => answerJson(out, `first\nsecond ${'x'.repeat(10_000)}`, 500)
    const error = (await rejection(receiver().deliver(parcelOf(recordsOf('x')), unaborted))) as Error
    expect(error.message).toMatch(
      /^The following response was received from the endpoint destination\. 500: first second x+\.\.\.$/,
    )
    expect(error.message.length).toBeLessThan(700)
  })

  it('may have 1 MiB, and come in pieces', async () => {
    server.answer = (outgoing, { json: { requestId } }) => {
      outgoing.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' })
      const text = right(requestId)
      outgoing.write(text.slice(0, 5))
      outgoing.end(text.slice(5).padEnd(mebibyte - 5))
    }
    expect(await receiver().deliver(parcelOf(recordsOf('x')), unaborted)).toEqual([])
  })

  it('ends a request that nobody reads any more', async () => {
    let socket: Socket | undefined
    const deaf = createServer((each) => {
      socket = each
      each.on('error', () => {})
      each.once('data', () => {
        each.pause()
        each.write('HTTP/1.1 413 Large\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}')
      })
    })
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/`
    const records = Array.from({ length: 20 }, () => ({ data: Buffer.alloc(mebibyte), arrivedAtMs: 0 }))
    const error = await rejection(receiver({ url }).deliver(parcelOf(records), unaborted))
    expect(error).toMatchObject({ code: 'HttpEndpoint.DestinationException', again: false })
    const closed = new Promise((resolve) => socket?.once('close', resolve))
    socket?.resume()
    await closed
    deaf.close()
  })

  it('may come before the request has been read', async () => {
    server.early = (_, outgoing) => answerJson(outgoing, '{}', 413, { Connection: 'close' })
    const records = Array.from({ length: 20 }, () => ({ data: Buffer.alloc(mebibyte), arrivedAtMs: 0 }))
    const error = await rejection(receiver().deliver(parcelOf(records), unaborted))
    // Which one is a race between the answer and the reset behind it.
    expect(error).toMatchObject({
      name: 'DeliveryError',
      code: expect.stringMatching(/^HttpEndpoint\.(?:DestinationException|ConnectionReset)$/),
    })
  })

  it.each([
    ['that does not come', () => {}],
    [
      'that does not end',
      (out) => void out.writeHead(200, { 'Content-Type': 'application/json' }).write('{'),
    ],
  ] as readonly (readonly [string, EndpointAnswer])[])(
    '%s is waited for three minutes on the clock',
    async (_, answer) => {
      server.answer = answer
      const asked = new Promise<void>((resolve) => {
        server.asked = resolve
      })
      let settled = false
      const delivery = rejection(receiver().deliver(parcelOf(recordsOf('x')), unaborted)).finally(() => {
        settled = true
      })
      await asked
      await clock.advance({ minutes: 2, seconds: 59 })
      expect(settled).toBe(false)
      await clock.advance({ seconds: 1 })
      expect(await delivery).toMatchObject({ code: 'HttpEndpoint.RequestTimeout', again: true })
    },
  )

  it('is not waited for any longer once the delivery is aborted', async () => {
    server.answer = () => {}
    const asked = new Promise<void>((resolve) => {
      server.asked = resolve
    })
    const abort = new AbortController()
    const reason = new Error('enough')
    const delivery = rejection(receiver().deliver(parcelOf(recordsOf('x')), abort.signal))
    await asked
    abort.abort(reason)
    expect(await delivery).toBe(reason)
    expect(clock.pending).toBe(0)
  })

  it('cannot come where nobody listens, or nobody is found', async () => {
    for (const url of ['http://127.0.0.1:1/', 'http://nowhere.invalid/']) {
      const error = await rejection(receiver({ url }).deliver(parcelOf(recordsOf('x')), unaborted))
      expect(error).toMatchObject({ code: 'HttpEndpoint.ConnectionFailed', again: true })
    }
  })

  it('cannot come over TLS from who does not speak it', async () => {
    const url = server.url.replace('http:', 'https:')
    const error = await rejection(receiver({ url }).deliver(parcelOf(recordsOf('x')), unaborted))
    expect(error).toMatchObject({ code: 'HttpEndpoint.SSLHandshakeFailure', again: true })
  })
})
