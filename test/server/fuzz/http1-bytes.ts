import type { Chance } from './chance.ts'
import { usualHeaders } from '../../aws/raw.ts'
import { mutated, noise } from './mutation.ts'

const put = JSON.stringify({ StreamName: 'fuzzed', PartitionKey: 'key', Data: 'YQ==' })
const targets = ['PutRecord', 'ListStreams', 'DescribeStreamSummary', 'PutRecords', 'SubscribeToShard']
/** Headers that decide where a request ends, and other ones that parsers trip over. */
const telling: readonly string[] = [
  'transfer-encoding: chunked',
  'transfer-encoding: gzip, chunked',
  'Transfer-Encoding : chunked',
  'transfer-encoding: identity',
  'content-length: 1, 1',
  'content-length: -5',
  'content-length: 99999999999999999999',
  'expect: 100-continue',
  'expect: something',
  'connection: close',
  'connection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__',
  'connection: keep-alive, te',
  'host: other',
  'x: a\r\n folded',
  'x\0y: z',
  ': nameless',
  `long: ${'x'.repeat(20_000)}`,
  'origin: null',
  'trailer: x',
  'te: trailers',
]
const lines: readonly string[] = [
  'POST / HTTP/1.1',
  'POST / HTTP/1.0',
  'POST http://elsewhere/ HTTP/1.1',
  'POST * HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'GET /healthz?a=b HTTP/1.1',
  'HEAD /readyz HTTP/1.1',
  'CONNECT a:1 HTTP/1.1',
  'POST  /  HTTP/1.1',
  'POST / HTTP/9.9',
  'POST /\xff HTTP/1.1',
  `POST /${'a'.repeat(20_000)} HTTP/1.1`,
  'post / http/1.1',
  'PRI / HTTP/1.1',
  'PRI * HTTP/2.0',
]

/** What somebody may send to a server of HTTP/1.1: one request or several, right, nearly right, or not at all. */
export function http1Bytes(random: Chance): Buffer {
  if (random.once(20)) return noise(random, random.between(1, 300))
  if (random.once(40)) return Buffer.concat([Buffer.of(0x16, 3, 1), noise(random, random.between(0, 300))])
  const count = random.between(1, 3)
  const bytes = Buffer.concat(Array.from({ length: count }, () => request(random)))
  return random.once(4) ? bytes : mutated(bytes, random)
}

function request(random: Chance): Buffer {
  const chunked = random.once(3)
  const head = [
    random.once(2) ? 'POST / HTTP/1.1' : random.pick(lines),
    'host: localhost',
    ...Object.entries(usualHeaders).map(([name, value]) => `${name}: ${value}`),
    `x-amz-target: Kinesis_20131202.${random.pick(targets)}`,
    ...(random.once(10) ? [] : [chunked ? 'transfer-encoding: chunked' : `content-length: ${put.length}`]),
    ...(random.once(2) ? [random.pick(telling)] : []),
    ...(random.once(50) ? Array.from({ length: 300 }, (_, at) => `x-${at}: y`) : []),
  ]
  const end = random.once(20) ? '\n' : '\r\n'
  return Buffer.from(`${head.join(end)}${end}${end}${chunked ? chunks(random) : put}`, 'latin1')
}

function chunks(random: Chance): string {
  const size = random.once(4)
    ? (random.pick(['-1', 'fffffffffffffffff', '0x1', 'g', '']) as string)
    : put.length.toString(16)
  const extension = random.once(4) ? `;${'e'.repeat(random.between(0, 40_000))}` : ''
  return `${size}${extension}\r\n${put}\r\n0\r\n${random.once(4) ? 'late: trailer\r\n' : ''}\r\n`
}
