import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kinesisModel } from '../../../src/aws/model/model.ts'
import { plainDocument, type RequestDocument } from '../../../src/aws/wire/document.ts'
import { inputReader } from '../../../src/aws/wire/input-reader.ts'
import { jsonForm, parseJson } from '../../../src/aws/wire/json.ts'
import { parseJsonDocument } from '../../../src/aws/wire/json-blobs.ts'

interface Input {
  readonly Records: readonly { readonly Data: Uint8Array; readonly PartitionKey: string }[]
}

const read = inputReader(kinesisModel, 'PutRecords', 'PutRecordsInput')

/** What becomes of a body: bytes are bytes, whatever holds them. */
function outcome(parse: () => RequestDocument): unknown {
  try {
    const document = parse()
    const input = JSON.stringify(document.input(read), (_name, value: unknown) => {
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
      // A Buffer shows itself before it is asked for here.
      const shown = value as { readonly type?: unknown; readonly data?: readonly number[] } | null
      return shown?.type === 'Buffer' ? Buffer.from(shown.data ?? []).toString('hex') : value
    })
    document.release()
    return { input }
  } catch (error) {
    const { type, message } = error as { readonly type?: string; readonly message: string }
    return { type, message }
  }
}

/** What a body means where it is read from its bytes, which stay as they are. */
function meaning(body: Buffer): unknown {
  const before = Buffer.from(body)
  const here = outcome(() => parseJsonDocument(body))
  return body.equals(before) ? here : 'the body was changed'
}

function meaningToRuntime(body: Buffer): unknown {
  return outcome(() => plainDocument(parseJson(body), jsonForm))
}

function bodyOf(records: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify({ StreamName: 's', Records: records }))
}

function record(bytes: number, fill: number): { readonly PartitionKey: string; readonly Data: string } {
  return { PartitionKey: `key-${fill}`, Data: Buffer.alloc(bytes, fill).toString('base64') }
}

/** Blobs that are in one piece of memory were decoded from the bytes of the body. */
function memoriesOf(document: RequestDocument): Set<ArrayBufferLike> {
  return new Set((document.input(read) as Input).Records.map(({ Data }) => Data.buffer))
}

const many = Array.from({ length: 20 }, (_, index) => record(1000 + index, index))

const bytes = fc
  .integer({ min: 90, max: 400 })
  .chain((size) => fc.uint8Array({ minLength: size, maxLength: size }))
const blobText = bytes.map((data) => Buffer.from(data).toString('base64'))
const oddText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  blobText.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
  blobText.map((text) => text.slice(1)),
  blobText.map((text) => `${text.slice(0, 8)}=${text.slice(9)}`),
  blobText.map((text) => `${text.slice(0, -3)}B==`),
  blobText.map((text) => `${text.slice(0, -2)}B=`),
)
const value = fc.oneof({ weight: 6, arbitrary: blobText }, oddText, fc.constantFrom(null, 1, true, [], {}))
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('Data', 'PartitionKey', 'ExplicitHashKey') },
  fc.constantFrom('__proto__', 'constructor', 'Dätä', ''),
  blobText,
)
const space = fc.constantFrom('', '', '', ' ', '\n', '\t \r')
/** An entry as text, for members that come twice and for space between all. */
const entry = fc.array(fc.tuple(name, value, space), { maxLength: 4 }).map((members) => {
  const texts = members.map(
    ([key, each, s]) => `${s}${JSON.stringify(key)}${s}:${s}${JSON.stringify(each)}${s}`,
  )
  return `{${texts.join(',')}}`
})
const right = fc.tuple(blobText, fc.string({ minLength: 1, maxLength: 60 })).map(([Data, PartitionKey]) => {
  return JSON.stringify({ Data, PartitionKey })
})
const body = fc
  .tuple(fc.array(right, { minLength: 16, maxLength: 40 }), fc.array(entry, { maxLength: 2 }), space)
  .map(([rights, entries, s]) => {
    const records = [...rights, ...entries].join(`${s},${s}`)
    return Buffer.from(`{${s}"StreamName":"s",${s}"Records"${s}:[${s}${records}]${s}}${s}`)
  })
const change = fc.tuple(
  fc.nat(100_000),
  fc.nat(3),
  fc.constantFrom('"', '\\', ',', ':', '{', '}', '[', ']', '-', '_', '=', '\n', '\0', '\xff', 'A', ' ', ''),
)

describe('a document in JSON that is mostly blobs', () => {
  it('has them decoded from its bytes, into one piece of memory', () => {
    const document = parseJsonDocument(bodyOf(many))
    const { Records } = document.input(read) as Input
    expect(Records.map(({ Data }) => Buffer.from(Data).toString('base64'))).toEqual(
      many.map(({ Data }) => Data),
    )
    expect(memoriesOf(document).size).toBe(1)
    document.release()
  })

  it('keeps its blobs until it is released, whatever else is read', () => {
    const first = parseJsonDocument(bodyOf(many))
    const second = parseJsonDocument(bodyOf(many.map(() => record(1000, 99))))
    expect(outcome(() => first)).toEqual(outcome(() => parseJsonDocument(bodyOf(many))))
    second.release()
  })

  it('gives memory back for the next one', () => {
    const first = parseJsonDocument(bodyOf(many))
    const [memory] = memoriesOf(first)
    first.release()
    const second = parseJsonDocument(bodyOf(many))
    expect(memoriesOf(second).has(memory as ArrayBufferLike)).toBe(true)
    second.release()
  })

  it.each([
    [
      'a long text that is a key of a map or no member',
      { [many[0]?.Data ?? '']: 1, PartitionKey: 'a', Data: '' },
    ],
    ['a long text where a short one belongs', { PartitionKey: many[0]?.Data, Data: '' }],
    ['a hash key that is a blob', { PartitionKey: 'a', Data: '', ExplicitHashKey: many[0]?.Data }],
    ['the alphabet of URLs', { PartitionKey: 'a', Data: `${'-_'.repeat(100)}` }],
    ['a blob with a foreign character', { PartitionKey: 'a', Data: `${'A'.repeat(199)}*` }],
    ['a blob with a wide character', { PartitionKey: 'a', Data: `${'A'.repeat(199)}é` }],
    ['bits left over', { PartitionKey: 'a', Data: `${'A'.repeat(197)}B==` }],
    ['padding in the middle', { PartitionKey: 'a', Data: `${'AAA='.repeat(50)}` }],
    ['a number in place of a blob', { PartitionKey: 'a', Data: 5 }],
    ['an escape', { PartitionKey: 'a"b', Data: '' }],
    ['a key beyond ASCII', { PartitionKey: 'ключ', Data: '' }],
    ['an entry that is nothing', null],
    ['a name that objects have', JSON.parse('{"PartitionKey":"a","Data":"","__proto__":"b"}')],
  ])('means the same with %s', (_what, odd) => {
    const behind = bodyOf([...many, odd as object])
    expect(meaning(behind)).toEqual(meaningToRuntime(behind))
    const before = bodyOf([odd as object, ...many])
    expect(meaning(before)).toEqual(meaningToRuntime(before))
  })

  it.each([
    ['a text that does not end', '"Data":"AA'],
    ['a quote too many', '"'],
    ['something behind it', '{}'],
    ['a zero byte', '\0'],
  ])('is refused with %s behind it', (_what, tail) => {
    const changed = Buffer.concat([bodyOf(many), Buffer.from(tail)])
    expect(meaning(changed)).toEqual(meaningToRuntime(changed))
  })

  it('means the same whatever character is missing, too much or another one where no blob is', () => {
    const built = bodyOf([...many, { Data: '', PartitionKey: 'a' }])
    const from = built.length - 45
    const one = Buffer.from('"Data":[{},[[],{}], ')
    for (let at = from; at <= built.length; at++) {
      const shorter = Buffer.concat([built.subarray(0, at), built.subarray(at + 1)])
      expect(meaning(shorter)).toEqual(meaningToRuntime(shorter))
      for (const character of one) {
        const longer = Buffer.concat([built.subarray(0, at), Buffer.of(character), built.subarray(at)])
        expect(meaning(longer)).toEqual(meaningToRuntime(longer))
        const other = Buffer.from(built)
        other[at] = character
        expect(meaning(other)).toEqual(meaningToRuntime(other))
      }
    }
  })

  it('is refused for a line feed in a key', () => {
    const changed = Buffer.from(bodyOf(many).toString().replace('key-7', 'key\n7'))
    expect(meaning(changed)).toEqual(meaningToRuntime(changed))
  })

  it('means what it means to the runtime, whatever it is like, and whatever is changed', () => {
    fc.assert(
      fc.property(body, fc.array(change, { maxLength: 2 }), (built, changes) => {
        let text = built
        for (const [at, removed, added] of changes) {
          const place = at % text.length
          const insertion = Buffer.from(added, 'latin1')
          text = Buffer.concat([text.subarray(0, place), insertion, text.subarray(place + removed)])
        }
        expect(meaning(text)).toEqual(meaningToRuntime(text))
      }),
      { numRuns: 1000 },
    )
  })
})
