import { describe, expect, it } from 'vitest'
import { MillraceError } from '../../../src/errors.ts'
import {
  createdConfiguration,
  type CreateDeliveryStreamOptions,
} from '../../../src/firehose/plan/delivery-plan.ts'
import { insideOf } from '../../../src/streams/store.ts'
import { openSubject } from '../../streams/subject.ts'

const account = { account: '000000000000', region: 'us-east-1' }
const options = {
  buckets: '/buckets',
  functions: { upper: () => ({ records: [] }) },
  receivers: { keep: () => {} },
}

const target = { bucket: 'bucket', prefix: 'p', errorPrefix: 'e', fileExtension: '.x', timeZone: 'UTC' }
const backup = { ...target, compression: 'GZIP', buffering: { bytes: 1, ms: 1 } }
const parquet = {
  columns: { id: 'int' },
  compression: 'GZIP',
  caseInsensitive: true,
  keyOfColumn: { id: 'ID' },
  timestampFormats: ['millis'],
}
const processing = {
  decompress: 'GZIP',
  cloudWatchMessages: true,
  deaggregate: { delimiter: ',' },
  transform: { function: 'upper', retries: 1, bufferBytes: 300_000, bufferMs: 0 },
  delimiter: ';',
}

/** Options that are right, with every member that there is. */
const right = [
  {
    tags: { a: 'b' },
    source: { stream: 's', from: 'oldest' },
    buffering: { bytes: 1, ms: 0 },
    processing,
    destination: { ...target, kind: 'folder', compression: 'UNCOMPRESSED', parquet, backup },
  },
  {
    destination: {
      kind: 'http',
      url: 'https://example.com',
      name: 'n',
      accessKey: 'k',
      attributes: { a: 'b' },
      gzip: true,
      retryMs: 0,
      backup,
      backupOf: 'all',
    },
  },
  { destination: { kind: 'folder', bucket: 'bucket', prefix: 'p' } },
  { destination: { kind: 'function', name: 'keep' } },
  { destination: { kind: 'stream', stream: 's' } },
] as const

const hostile = (): never => {
  throw new Error('hostile')
}

const odd: readonly unknown[] = [
  null,
  7,
  -1,
  Number.NaN,
  1n,
  true,
  '',
  '\0',
  '\ud800',
  'x'.repeat(100_000),
  Symbol('odd'),
  [],
  [null],
  [Symbol('odd')],
  {},
  { length: 1 },
  Object.create(null),
  { toString: hostile, valueOf: hostile, toJSON: hostile },
  () => 7,
  new Map([['a', 'b']]),
  new Uint8Array(2000),
]

/** The same with one member replaced, for each member, however deep. */
function* replaced(value: unknown, by: unknown, path = ''): Generator<readonly [string, unknown]> {
  if (path !== '') yield [path, by]
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return
  for (const [key, member] of Object.entries(value)) {
    for (const [where, changed] of replaced(member, by, `${path}.${key}`))
      yield [where, { ...value, [key]: changed }]
  }
}

describe('options of a delivery stream', () => {
  it('are taken, or refused with an error of ours, whatever they are', async () => {
    const { store } = await openSubject()
    await store.createStream('s')
    const context = { inside: insideOf(store), account, options }
    const wrong: string[] = []
    const judge = async (given: unknown, what: string): Promise<void> => {
      try {
        await createdConfiguration(given as CreateDeliveryStreamOptions, context)
      } catch (error) {
        if (!(error instanceof MillraceError)) wrong.push(`${what}: ${String(error)}`)
      }
    }
    for (const each of right) {
      await expect(
        createdConfiguration(each as unknown as CreateDeliveryStreamOptions, context),
      ).resolves.toBeDefined()
      for (const [index, value] of odd.entries()) {
        for (const [path, given] of replaced(each, value)) await judge(given, `${path}, ${index}`)
      }
    }
    for (const [index, value] of odd.entries()) await judge(value, `all, ${index}`)
    expect(wrong).toEqual([])
  })
})
