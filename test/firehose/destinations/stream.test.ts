import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StreamReceiver } from '../../../src/firehose/destinations/stream.ts'
import { drain, testStore, type TestStore } from '../../../src/testing/index.ts'
import type { StoredRecord } from '../../../src/streams/record.ts'
import { recordContract } from './contract.ts'
import { parcelOf, recordsOf, rejection, unaborted } from './parcels.ts'

const account = '123456789012'
const region = 'eu-west-1'
const streamArn = `arn:aws:kinesis:${region}:${account}:stream/copy`

let store: TestStore

beforeEach(async () => {
  store = await testStore()
  await store.within({ account, region }).createStream('copy', { shards: 3 })
})

afterEach(() => store.close())

function receiver(): StreamReceiver {
  return new StreamReceiver({ store, streamArn })
}

async function all(): Promise<readonly StoredRecord[]> {
  return drain(store.within({ account, region }).stream('copy'))
}

recordContract('a stream', async () => {
  const at = store.within({ account, region })
  await at.deleteStream('copy')
  await at.createStream('copy', { shards: 1 })
  return {
    destination: receiver(),
    taken: async () => (await all()).map(({ data }) => Buffer.from(data)),
    breakDown: () => at.deleteStream('copy'),
    repair: async () => {
      await at.createStream('copy', { shards: 1 })
    },
    close: async () => {},
  }
})

describe('another stream', () => {
  it('gets the partition keys of records that had one, others are spread', async () => {
    const [one, ...others] = recordsOf('kept', ...Array.from({ length: 60 }, (_, index) => `direct ${index}`))
    const origin = { shardId: 's', partitionKey: 'user-42', sequenceNumber: '1', subsequenceNumber: 0 }
    const kept = { data: one?.data ?? Buffer.alloc(0), arrivedAtMs: 0, origin }
    await receiver().deliver(parcelOf([kept, ...others]), unaborted)
    const records = await all()
    expect(records.find(({ partitionKey }) => partitionKey === 'user-42')?.data).toEqual(
      new Uint8Array(kept.data),
    )
    expect(new Set(records.map(({ partitionKey }) => partitionKey)).size).toBe(61)
    expect(new Set(records.map(({ shardId }) => shardId)).size).toBe(3)
  })

  it.each(['', 'x'.repeat(257), '\ud800', '🌊'.repeat(257)])(
    'takes a record whose partition key no stream takes',
    async (partitionKey) => {
      const origin = { shardId: 's', partitionKey, sequenceNumber: '1', subsequenceNumber: 0 }
      const records = recordsOf('a').map((record) => ({ ...record, origin }))
      expect(await receiver().deliver(parcelOf(records), unaborted)).toEqual([])
      expect((await all()).length).toBe(1)
    },
  )

  it('refuses for good what is too large, and takes the others', async () => {
    const records = recordsOf('a', 'x'.repeat(1024 * 1024), 'c')
    expect(await receiver().deliver(parcelOf(records), unaborted)).toEqual([
      {
        index: 1,
        again: false,
        code: 'Stream.RECORD_TOO_LARGE',
        message: expect.stringContaining('1048576'),
      },
    ])
    expect((await all()).map(({ data }) => Buffer.from(data).toString()).toSorted()).toEqual(['a', 'c'])
  })

  it('says which records were refused for now, by their places in the parcel', async () => {
    // The first one never gets to the stream, so its second entry is the third record.
    store.faults.failEntry({ entry: 1, how: 'throttled', times: 1 })
    store.faults.failEntry({ entry: 2, how: 'failed', times: 1 })
    const records = recordsOf('x'.repeat(1024 * 1024), 'b', 'c', 'd', 'e')
    const refusals = await receiver().deliver(parcelOf(records), unaborted)
    expect(refusals.map(({ index, again, code }) => [index, again, code])).toEqual([
      [0, false, 'Stream.RECORD_TOO_LARGE'],
      [2, true, 'Stream.THROTTLED'],
      [3, true, 'Stream.IO'],
    ])
    expect((await all()).map(({ data }) => Buffer.from(data).toString()).toSorted()).toEqual(['b', 'e'])
  })

  it('tells what became of a put that was under way when it was aborted', async () => {
    const abort = new AbortController()
    const delivery = receiver().deliver(parcelOf(recordsOf('a')), abort.signal)
    abort.abort()
    expect(await delivery).toEqual([])
    expect((await all()).length).toBe(1)
  })

  it('takes nothing once its store is closed', async () => {
    const closed = receiver()
    await store.close()
    const error = await rejection(closed.deliver(parcelOf(recordsOf('a')), unaborted))
    expect(error).toMatchObject({ code: 'Stream.CLOSED', again: true })
  })
})
