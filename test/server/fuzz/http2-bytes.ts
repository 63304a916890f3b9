import type { Chance } from './chance.ts'
import { usualHeaders } from '../../aws/raw.ts'
import { flags, frame, frameTypes, headerBlock, preface } from './frame.ts'
import { mutated, noise } from './mutation.ts'

const put = Buffer.from(JSON.stringify({ StreamName: 'fuzzed', PartitionKey: 'key', Data: 'YQ==' }))
const none = Buffer.alloc(0)
const request: readonly (readonly [string, string])[] = [
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'localhost'],
  ...Object.entries(usualHeaders),
  ['x-amz-target', 'Kinesis_20131202.PutRecord'],
]
/** Headers that a request must not have, or not so. */
const wrong: readonly (readonly [string, string])[] = [
  ['connection', 'close'],
  ['transfer-encoding', 'chunked'],
  ['Upper', 'case'],
  [':late', 'x'],
  [':path', ''],
  [':path', 'nowhere'],
  [':status', '200'],
  ['', 'nameless'],
  ['a b', 'c'],
  ['x', 'line\r\nbreak'],
  ['content-length', '5'],
  ['content-length', '-1'],
  ['content-length', 'x'],
  ['te', 'gzip'],
  ['host', 'other'],
  ['long', 'x'.repeat(20_000)],
  ['cookie', 'a=b'],
  [':protocol', 'websocket'],
]

/** The frames of one request, each of which may be wrong. */
type Part = (random: Chance, stream: number) => Buffer[]

const goodRequest: Part = (_random, stream) => [
  frame(frameTypes.headers, flags.endHeaders, stream, headerBlock(request)),
  frame(frameTypes.data, flags.endStream, stream, put),
]

const oddRequest: Part = (random, stream) => {
  const headers = [...request]
  const at = random.between(0, headers.length)
  headers.splice(at, random.between(0, 2), random.pick(wrong))
  const block = headerBlock(headers)
  const middle = random.between(0, block.length)
  return [
    frame(frameTypes.headers, 0, stream, block.subarray(0, middle)),
    frame(frameTypes.continuation, flags.endHeaders, stream, block.subarray(middle)),
    frame(frameTypes.data, random.between(0, 1), stream, put.subarray(0, random.between(0, put.length))),
    ...(random.once(2) ? [frame(frameTypes.headers, 5, stream, headerBlock([['late', 'trailer']]))] : []),
  ]
}

const badCompression: Part = (random, stream) => {
  const block = random.pick([
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    Buffer.from([0x3f, 0xff, 0xff, 0xff, 0x7f]),
    Buffer.from([0x80]),
    Buffer.from([0x00, 0x85, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00]),
    Buffer.concat([headerBlock(request), Buffer.from([0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f])]),
    noise(random, random.between(1, 100)),
  ]) as Buffer
  return [frame(frameTypes.headers, flags.endHeaders | flags.endStream, stream, block)]
}

const continuationFlood: Part = (random, stream) => [
  frame(frameTypes.headers, 0, stream, headerBlock(request)),
  ...Array.from({ length: random.between(10, 500) }, (_, at) =>
    frame(frameTypes.continuation, 0, stream, random.once(2) ? none : headerBlock([[`x-${at}`, 'y']])),
  ),
]

const rapidResets: Part = (random, stream) =>
  Array.from({ length: random.between(10, 150) }, (_, at) => stream + 2 * at).flatMap((id) => [
    frame(frameTypes.headers, flags.endHeaders, id, headerBlock(request)),
    frame(frameTypes.reset, 0, id, Buffer.from([0, 0, 0, 8])),
  ])

const controlFlood: Part = (random) => {
  const [type, payload] = random.pick([
    [frameTypes.settings, Buffer.from([0, 4, 0, 0, 1, 0])],
    [frameTypes.settings, none],
    [frameTypes.ping, Buffer.alloc(8, 1)],
    [frameTypes.priority, Buffer.alloc(5)],
    [frameTypes.windowUpdate, Buffer.from([0x7f, 0xff, 0xff, 0xff])],
    [frameTypes.goAway, Buffer.alloc(8)],
  ]) as [number, Buffer]
  return Array.from({ length: random.between(1, 300) }, () =>
    frame(type, 0, type === frameTypes.priority ? 1 : 0, payload),
  )
}

const anyFrame: Part = (random, stream) => {
  const payload = noise(random, random.between(0, 40))
  const id = random.pick([0, 1, 2, stream, stream + 100, 0x7fff_ffff, 0xffff_ffff]) as number
  const length = random.once(4)
    ? (random.pick([0, 1, 7, 16_384, 16_385, 0xff_ffff]) as number)
    : payload.length
  return [frame(random.between(0, 12), random.bits() & 0xff, id, payload, length)]
}

const badSettings: Part = (random) => [
  frame(
    frameTypes.settings,
    random.once(4) ? flags.ack : 0,
    random.once(4) ? 1 : 0,
    Buffer.concat(
      Array.from({ length: random.between(0, 50) }, () => {
        const setting = Buffer.alloc(6)
        setting.writeUInt16BE(random.between(0, 9), 0)
        setting.writeUInt32BE(
          random.pick([0, 1, 2, 16_383, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) as number,
          2,
        )
        return setting
      }),
    ),
  ),
]

/** The client takes little of the answer, or too much. */
const windows: Part = (random, stream) => [
  frame(frameTypes.settings, 0, 0, Buffer.from([0, 4, 0, 0, 0, random.between(0, 255)])),
  ...goodRequest(random, stream),
  frame(
    frameTypes.windowUpdate,
    0,
    random.once(2) ? 0 : stream,
    Buffer.from([0, 0, 0, random.between(0, 1)]),
  ),
]

const parts: readonly Part[] = [
  goodRequest,
  goodRequest,
  oddRequest,
  oddRequest,
  badCompression,
  continuationFlood,
  rapidResets,
  controlFlood,
  anyFrame,
  anyFrame,
  badSettings,
  windows,
]

/** What somebody may send to a server of HTTP/2: frames that are right, nearly right, or not at all. */
export function http2Bytes(random: Chance): Buffer {
  const frames: Buffer[] = [preface, ...(random.once(10) ? [] : [frame(frameTypes.settings, 0, 0, none)])]
  const count = random.between(1, 4)
  for (let at = 0; at < count; at++) frames.push(...random.pick(parts)(random, 1 + 400 * at))
  const bytes = Buffer.concat(frames)
  if (random.once(2)) return bytes
  // What comes after a wrong preface is HTTP/1.1.
  return Buffer.concat([preface, mutated(bytes.subarray(random.once(10) ? 0 : preface.length), random)])
}
