import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/clock.ts'
import {
  type DestinationHost,
  openBuckets,
  openReceiver,
} from '../../../src/firehose/destinations/open-destination.ts'
import type { FirehoseOptions } from '../../../src/firehose/firehose-options.ts'
import { testStore, type TestStore } from '../../../src/testing/index.ts'
import { objectOf, unaborted } from './parcels.ts'

let store: TestStore
let folder: string

beforeEach(async () => {
  store = await testStore()
  folder = mkdtempSync(join(tmpdir(), 'millrace-open-destination-'))
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

function host(options: FirehoseOptions, more: Partial<DestinationHost> = {}): DestinationHost {
  const deliveryStreamArn = 'arn:aws:firehose:us-east-1:000000000000:deliverystream/s'
  return { options, clock: systemClock, store, deliveryStreamArn, ...more }
}

function thrown(open: () => unknown): unknown {
  try {
    open()
  } catch (error) {
    return error
  }
  throw new Error('it was opened')
}

describe('where objects go', () => {
  it('is a folder that is named', async () => {
    const buckets = join(folder, 'elsewhere')
    const destination = openBuckets(host({ buckets }))
    expect(destination.takes).toBe('objects')
    expect(existsSync(buckets)).toBe(false)
    await destination.deliver(objectOf('bucket', 'k', 'x'), unaborted)
    expect(readFileSync(join(buckets, 'bucket', 'k'), 'utf8')).toBe('x')
  })

  it('is S3 where options say so', () => {
    const options = {
      buckets: { endpoint: 'http://127.0.0.1:9000', region: 'eu-west-1', forcePathStyle: true },
    }
    expect(openBuckets(host(options)).constructor.name).toBe('S3Buckets')
    expect(openBuckets(host({ buckets: {} })).constructor.name).toBe('S3Buckets')
  })

  it('is not known of a store in memory, which says what to set', () => {
    expect(thrown(() => openBuckets(host({})))).toMatchObject({
      code: 'ERR_MILLRACE_UNSUPPORTED',
      message: expect.stringContaining('set the option buckets'),
      details: { option: 'buckets' },
    })
  })
})

describe('who takes records', () => {
  it('is what the configuration says', () => {
    const receivers = { sink: () => {} }
    const opened = [
      { kind: 'http', url: 'http://x/', name: 'x', commonAttributes: [], contentEncoding: 'NONE' } as const,
      { kind: 'stream', streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s' } as const,
      { kind: 'function', name: 'sink' } as const,
    ].map((to) => openReceiver(to, host({ receivers })))
    expect(opened.map(({ takes, constructor }) => [takes, constructor.name])).toEqual([
      ['records', 'HttpReceiver'],
      ['records', 'StreamReceiver'],
      ['records', 'FunctionReceiver'],
    ])
  })

  it.each(['sink', 'toString', '__proto__'])('cannot be a function %j that nobody gave', (name) => {
    expect(thrown(() => openReceiver({ kind: 'function', name }, host({})))).toMatchObject({
      code: 'ERR_MILLRACE_UNSUPPORTED',
      details: { option: 'receivers', name },
    })
  })

  it('has as long as the options say', async () => {
    const options = { receivers: { sink: (): Promise<void> => new Promise(() => {}) }, receiveTimeoutMs: 5 }
    const receiver = openReceiver({ kind: 'function', name: 'sink' }, host(options, { clock: store.clock }))
    const parcel = { id: 'id', attempt: 1, records: [] }
    const delivery = expect(receiver.deliver(parcel, unaborted)).rejects.toMatchObject({
      code: 'Function.Timeout',
    })
    await store.advance(5)
    await delivery
  })
})
