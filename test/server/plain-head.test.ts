import * as fc from 'fast-check'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainHead } from '../../src/server/plain-head.ts'

const usual = [
  'host: 127.0.0.1:4567',
  'content-type: application/x-amz-json-1.1',
  'X-Amz-Target: Kinesis_20131202.PutRecord',
  'Content-Length: 12',
  'Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kinesis/aws4_request',
  'connection:keep-alive',
]

function headOf(...lines: readonly string[]): string {
  return ['POST / HTTP/1.1', ...lines].join('\r\n')
}

describe('a head', () => {
  it('as clients of AWS send it is read', () => {
    expect(plainHead(headOf(...usual), 100)).toEqual({
      bodyBytes: 12,
      headers: {
        host: '127.0.0.1:4567',
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': 'Kinesis_20131202.PutRecord',
        'content-length': '12',
        authorization: 'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/kinesis/aws4_request',
        connection: 'keep-alive',
      },
    })
  })

  it.each([
    ['another method', ['GET / HTTP/1.1', ...usual].join('\r\n')],
    ['another path', ['POST /console HTTP/1.1', ...usual].join('\r\n')],
    ['another version', ['POST / HTTP/1.0', ...usual].join('\r\n')],
    ['no host', headOf(...usual.slice(1))],
    ['two hosts', headOf(...usual, 'Host: b')],
    ['two lengths', headOf(...usual, 'content-length: 12')],
    ['two of any header', headOf(...usual, 'authorization: other')],
    ['no length', headOf(...usual.filter((line) => !line.startsWith('Content-Length')))],
    ['a length with a sign', headOf('host: a', 'content-length: +5')],
    ['a length in two parts', headOf('host: a', 'content-length: 5, 5')],
    ['a length that is no number', headOf('host: a', 'content-length: 0x5')],
    ['a length and chunks', headOf(...usual, 'transfer-encoding: chunked')],
    ['an expectation', headOf(...usual, 'expect: 100-continue')],
    ['a change of protocol', headOf(...usual, 'upgrade: h2c')],
    ['a connection that ends', headOf('host: a', 'content-length: 0', 'connection: close')],
    ['a space before the colon', headOf(...usual, 'x-a : b')],
    ['a folded line', headOf(...usual, 'x-a: b', ' c')],
    ['a stray line feed', headOf(...usual, 'x-a: b\ntransfer-encoding: chunked')],
    ['a stray carriage return', headOf(...usual, 'x-a: b\rc')],
    ['a control character', headOf(...usual, 'x-a: \0')],
    ['a character beyond ASCII', headOf(...usual, 'x-a: \xe9')],
    ['a name of the object itself', headOf(...usual, '__proto__: a')],
    ['too many headers', headOf(...usual, ...Array.from({ length: 100 }, (_, index) => `x-${index}: a`))],
  ])('with %s is left to Node', (_what, text) => {
    expect(plainHead(text, 100)).toBeUndefined()
  })
})

describe('any head that is read here', () => {
  let told: ((request: IncomingMessage) => void) | undefined
  const server = createServer((request, response) => {
    told?.(request)
    response.end()
  })
  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)))
  afterAll(() => server.close())

  /** What Node's parser makes of it; `undefined` if it refuses. */
  function nodes(head: string): Promise<IncomingMessage | undefined> {
    return new Promise((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      told = resolve
      socket.on('error', () => undefined).on('close', () => resolve(undefined))
      socket.on('data', () => socket.destroy())
      socket.write(`${head}\r\n\r\n`, 'latin1')
    })
  }

  const name = fc.oneof(
    fc.constantFrom(
      'Host',
      'content-length',
      'Connection',
      'Transfer-Encoding',
      'x-amz-date',
      'TE',
      'Cookie',
    ),
    fc.string({ minLength: 1, maxLength: 8 }),
  )
  const value = fc.oneof(
    fc.constantFrom(
      '0',
      '5',
      '005',
      'keep-alive',
      'Keep-Alive',
      'close',
      'chunked',
      ' a ',
      'a:b',
      '',
      'a\r\n b',
    ),
    fc.string({ maxLength: 12 }),
    fc.string({ maxLength: 6, unit: 'binary-ascii' }),
  )
  const line = fc
    .tuple(name, fc.constantFrom(':', ': ', ' : ', ''), value)
    .map(([left, colon, right]) => left + colon + right)

  it('means the same to Node', async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(['Host: a', 'Content-Length: 5', 'x-a:b'], { minLength: 2 }),
        fc.array(line, { maxLength: 3 }),
        async (some, more) => {
          const text = headOf(...some, ...more)
          const own = plainHead(text, 100)
          if (own === undefined) return
          read += 1
          const other = await nodes(text)
          expect({ method: other?.method, url: other?.url, headers: { ...other?.headers } }).toEqual({
            method: 'POST',
            url: '/',
            headers: own.headers,
          })
        },
      ),
      { numRuns: 600 },
    )
    expect(read).toBeGreaterThan(50)
  })
})
