import fc from 'fast-check'
import { kinesisModel, type ServiceModel } from '../../src/aws/model/model.ts'
import { CborWriter } from '../../src/aws/wire/cbor-writer.ts'
import { type Document, rightInputs } from './model-cases.ts'
import { usualHeaders } from './raw.ts'

/** A request that nobody would send on purpose. */
export interface WildRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/**
 * Values of members that exist in the store that the requests go to, or make sense there, so that some get far: by the
 * member's name, wherever it stands.
 */
export type Words = Readonly<Record<string, unknown>>

/** Who the requests go to. */
export interface WildService {
  readonly model: ServiceModel
  readonly words: Words
  /** Members that contradict most others. */
  readonly rarely: readonly string[]
}

/** What names things in Kinesis. */
export function kinesisWords(words: {
  readonly streamName: string
  readonly streamArn: string
  readonly consumerArn: string
  readonly shardId: string
  readonly shardIterator: string
  readonly sequenceNumber: string
}): WildService {
  return {
    model: kinesisModel,
    words: {
      StreamName: words.streamName,
      StreamARN: words.streamArn,
      ResourceARN: words.streamArn,
      ConsumerARN: words.consumerArn,
      ShardId: words.shardId,
      ShardToSplit: words.shardId,
      ShardIterator: words.shardIterator,
      SequenceNumberForOrdering: words.sequenceNumber,
    },
    // Two names for one stream rarely agree.
    rarely: ['StreamARN', 'StreamId', 'SequenceNumberForOrdering'],
  }
}

/** Requests of every degree of wrongness. */
export function wildRequests(service: WildService): fc.Arbitrary<WildRequest> {
  const operation = fc.constantFrom(...Object.keys(service.model.operations))
  const document = operation.chain((name) => documents(name, service).map((input) => ({ name, input })))
  const { targetPrefix } = service.model.service
  return fc.oneof(
    {
      weight: 6,
      arbitrary: document.chain(({ name, input }) => jsonRequest(`${targetPrefix}.${name}`, input)),
    },
    {
      weight: 3,
      arbitrary: document.chain(({ name, input }) => cborRequest(`${targetPrefix}.${name}`, input)),
    },
    { weight: 1, arbitrary: noiseRequest(`${targetPrefix}.PutRecord`) },
  )
}

/** An input that is right or nearly: members replaced by words that exist, by wrong values, by nothing. */
function documents(operation: string, { model, words, rarely }: WildService): fc.Arbitrary<Document> {
  const [all = {}, required = {}] = rightInputs(operation, model)
  const names = Object.keys(all)
  if (names.length === 0) return fc.dictionary(fc.string(), anything())
  const change = fc.record({ name: fc.constantFrom(...names), value: values(words) })
  return fc
    .record({ full: fc.boolean(), known: fc.boolean(), changes: fc.array(change, { maxLength: 3 }) })
    .map(({ full, known, changes }) => {
      const input: Record<string, unknown> = { ...(full ? all : required) }
      if (known) {
        for (const [name, value] of Object.entries(words)) if (name in all) input[name] = value
        for (const name of rarely) if (!(name in required)) delete input[name]
      }
      for (const { name, value } of changes) input[name] = value
      return input
    })
}

function values(words: Words): fc.Arbitrary<unknown> {
  const exact = fc.constantFrom<unknown>(
    ...Object.values(words),
    0,
    1,
    2,
    24,
    8760,
    1024,
    null,
    true,
    '',
    'YQ==',
  )
  const limits = fc.constantFrom<unknown>(
    -1,
    2 ** 31,
    2 ** 53,
    1e308,
    -0.5,
    '0',
    '9'.repeat(39),
    'x'.repeat(2049),
  )
  return fc.oneof(exact, limits, anything())
}

function anything(): fc.Arbitrary<unknown> {
  return fc.jsonValue({ maxDepth: 3 })
}

function headersOf(target: string, contentType: string): fc.Arbitrary<Record<string, string>> {
  const right = { ...usualHeaders, 'content-type': contentType, 'x-amz-target': target }
  const wrong = fc
    .record({ name: fc.constantFrom(...Object.keys(right)), value: fc.string() })
    .map((change): Record<string, string> => ({ ...right, [change.name]: change.value }))
  return fc.oneof({ weight: 9, arbitrary: fc.constant(right) }, { weight: 1, arbitrary: wrong })
}

function jsonRequest(target: string, input: Document): fc.Arbitrary<WildRequest> {
  return fc.record({
    method: fc.constant('POST'),
    headers: headersOf(target, 'application/x-amz-json-1.1'),
    body: fc.oneof(
      { weight: 9, arbitrary: fc.constant(JSON.stringify(input)) },
      { weight: 1, arbitrary: fc.nat().map((at) => cutAt(JSON.stringify(input), at)) },
    ),
  })
}

function cborRequest(target: string, input: Document): fc.Arbitrary<WildRequest> {
  const bytes = cborOf(input)
  const flipped = fc.record({ at: fc.nat(), bit: fc.nat({ max: 7 }) }).map(({ at, bit }) => {
    const changed = Uint8Array.from(bytes)
    const index = at % changed.length
    changed[index] = (changed[index] as number) ^ (1 << bit)
    return changed
  })
  return fc.record({
    method: fc.constant('POST'),
    headers: headersOf(target, 'application/x-amz-cbor-1.1'),
    body: fc.oneof({ weight: 2, arbitrary: fc.constant(bytes) }, { weight: 1, arbitrary: flipped }),
  })
}

function noiseRequest(target: string): fc.Arbitrary<WildRequest> {
  return fc.record({
    method: fc.constantFrom('POST', 'GET', 'OPTIONS', ''),
    headers: fc.oneof(
      headersOf(target, 'application/x-amz-cbor-1.1'),
      headersOf(target, 'application/json'),
      fc.dictionary(fc.string(), fc.string()),
    ),
    body: fc.oneof(fc.string(), fc.json(), fc.uint8Array()),
  })
}

function cutAt(text: string, at: number): string {
  return text.slice(0, at % (text.length + 1))
}

/** The document in CBOR, whatever it holds. */
export function cborOf(document: unknown): Uint8Array {
  const writer = new CborWriter()
  writeItem(document, writer)
  return writer.finish()
}

function writeItem(value: unknown, writer: CborWriter): void {
  if (typeof value === 'string') writer.text(value)
  else if (typeof value === 'number') writer.number(value)
  else if (typeof value === 'boolean') writer.boolean(value)
  else if (value instanceof Uint8Array) writer.blob(value)
  else if (Array.isArray(value)) {
    writer.list(value.length)
    for (const entry of value) writeItem(entry, writer)
  } else {
    const entries = Object.entries(value ?? {})
    writer.map(entries.length)
    for (const [name, member] of entries) {
      writer.text(name)
      // Data of records are byte strings here, where JSON has base64.
      if (name === 'Data' && typeof member === 'string') writer.blob(Buffer.from(member, 'base64'))
      else writeItem(member, writer)
    }
  }
}
