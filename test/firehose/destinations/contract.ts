import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nextTurn } from '../../../src/clock.ts'
import type { ObjectDestination, RecordDestination } from '../../../src/firehose/destination.ts'
import { keptChunks, lentChunks, objectOf, parcelOf, recordsOf, rejection, unaborted } from './parcels.ts'

/** A destination for objects, and the place where they are, seen from outside. */
export interface ObjectRig {
  readonly destination: ObjectDestination
  /** `undefined` if there is none. */
  read(bucket: string, key: string): Promise<Buffer | undefined>
  /** What is there of objects that were not finished: temporary files, uploads. */
  leftovers(): Promise<readonly string[]>
  close(): Promise<void>
}

/** What every destination for objects promises. The bucket is `bucket`. */
export function objectContract(
  name: string,
  openRig: () => Promise<ObjectRig>,
  more: { readonly hostileKeys: readonly string[]; readonly largeBytes: number },
): void {
  describe(`${name} as a destination of objects`, () => {
    let rig: ObjectRig

    beforeEach(async () => {
      rig = await openRig()
    })

    afterEach(() => rig.close())

    const read = async (key: string): Promise<string | undefined> =>
      (await rig.read('bucket', key))?.toString()

    it('keeps the bytes of an object, however they come', async () => {
      await rig.destination.deliver(objectOf('bucket', 'a/b/plain', 'hello'), unaborted)
      await rig.destination.deliver(objectOf('bucket', 'empty', []), unaborted)
      await rig.destination.deliver(
        objectOf('bucket', 'pieces', [Buffer.from('a'), Buffer.alloc(0), Buffer.from('b')]),
        unaborted,
      )
      expect(await read('a/b/plain')).toBe('hello')
      expect(await read('empty')).toBe('')
      expect(await read('pieces')).toBe('ab')
    })

    it('takes large objects whose chunks are lent', async () => {
      const parcel = objectOf('bucket', 'large', [], { body: () => lentChunks(more.largeBytes) })
      await rig.destination.deliver(parcel, unaborted)
      const found = await rig.read('bucket', 'large')
      expect(found?.equals(await keptChunks(more.largeBytes))).toBe(true)
      expect(await rig.leftovers()).toEqual([])
    })

    it('replaces an object by one of the same key, which nobody sees before it is whole', async () => {
      await rig.destination.deliver(objectOf('bucket', 'k', 'first'), unaborted)
      let seen: string | undefined
      async function* body(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('sec')
        seen = await read('k')
        yield Buffer.from('ond')
      }
      await rig.destination.deliver(objectOf('bucket', 'k', [], { body }), unaborted)
      expect(seen).toBe('first')
      expect(await read('k')).toBe('second')
    })

    it('leaves nothing of an object whose body fails', async () => {
      const error = await rejection(
        rig.destination.deliver(
          objectOf('bucket', 'k', [], { body: () => lostChunks(more.largeBytes) }),
          unaborted,
        ),
      )
      expect(error).toMatchObject({ name: 'DeliveryError', again: true, code: 'S3.InternalError' })
      expect(await rig.read('bucket', 'k')).toBeUndefined()
      expect(await rig.leftovers()).toEqual([])
    })

    it('does nothing for a signal that was aborted before', async () => {
      const reason = new Error('enough')
      const parcel = objectOf('bucket', 'k', 'never')
      expect(await rejection(rig.destination.deliver(parcel, AbortSignal.abort(reason)))).toBe(reason)
      expect(await read('k')).toBeUndefined()
    })

    it('leaves nothing of an object that is aborted on its way, and reads no more of its body', async () => {
      const reason = new Error('enough')
      const abort = new AbortController()
      let closed = false
      let unwanted = 0
      async function* body(): AsyncGenerator<Uint8Array> {
        try {
          yield* lentChunks(more.largeBytes)
          abort.abort(reason)
          for (; unwanted < 100; unwanted++) yield Buffer.alloc(100_000)
        } finally {
          // It has files to close, which takes a while.
          for (let turn = 0; turn < 10; turn++) await nextTurn()
          closed = true
        }
      }
      const parcel = objectOf('bucket', 'k', [], { body })
      expect(await rejection(rig.destination.deliver(parcel, abort.signal))).toBe(reason)
      expect(closed).toBe(true)
      expect(unwanted).toBeLessThanOrEqual(2)
      expect(await read('k')).toBeUndefined()
      expect(await rig.leftovers()).toEqual([])
    })

    it('takes fifty objects at once', async () => {
      const keys = Array.from({ length: 50 }, (_, index) => `day=${index % 7}/object-${index}`)
      await Promise.all(keys.map((key) => rig.destination.deliver(objectOf('bucket', key, key), unaborted)))
      expect(await Promise.all(keys.map(read))).toEqual(keys)
      expect(await rig.leftovers()).toEqual([])
    })

    it('aborts fifty objects at once', async () => {
      const reason = new Error('enough')
      const abort = new AbortController()
      async function* body(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('a')
        abort.abort(reason)
        yield Buffer.from('b')
      }
      const deliveries = Array.from({ length: 50 }, (_, index) =>
        rejection(rig.destination.deliver(objectOf('bucket', `k${index}`, [], { body }), abort.signal)),
      )
      expect(new Set(await Promise.all(deliveries))).toEqual(new Set([reason]))
      expect(await rig.leftovers()).toEqual([])
      await rig.destination.deliver(objectOf('bucket', 'k', 'fine'), unaborted)
      expect(await read('k')).toBe('fine')
    })

    const named = more.hostileKeys.map((key) => [key.length > 40 ? `${key.slice(0, 40)}...` : key, key])

    it.each(named)('keeps an object with the key %j, or refuses it for good', async (_, key = '') => {
      let refusal: unknown
      try {
        await rig.destination.deliver(objectOf('bucket', key, 'here'), unaborted)
      } catch (error) {
        refusal = error
      }
      if (refusal === undefined) expect(await read(key)).toBe('here')
      else expect(refusal).toMatchObject({ name: 'DeliveryError', again: false })
      expect(await rig.leftovers()).toEqual([])
      await rig.destination.deliver(objectOf('bucket', 'next', 'fine'), unaborted)
      expect(await read('next')).toBe('fine')
    })

    it('closes any number of times', async () => {
      await rig.destination.close()
      expect(await rig.destination.close()).toBeUndefined()
    })
  })
}

/** A body that cannot be read to its end. */
async function* lostChunks(bytes: number): AsyncGenerator<Uint8Array> {
  yield* lentChunks(bytes)
  throw new Error('the spilled file is gone')
}

/** A destination for records, and whoever gets them. */
export interface RecordRig {
  readonly destination: RecordDestination
  /** All records that were taken, in order. */
  taken(): Promise<readonly Buffer[]>
  /** Nothing is taken from now on. */
  breakDown(): Promise<void>
  repair(): Promise<void>
  close(): Promise<void>
}

/** What every destination for records promises. */
export function recordContract(name: string, openRig: () => Promise<RecordRig>): void {
  describe(`${name} as a destination of records`, () => {
    let rig: RecordRig

    beforeEach(async () => {
      rig = await openRig()
    })

    afterEach(() => rig.close())

    const texts = async (): Promise<string[]> =>
      (await rig.taken()).map((record) => record.toString('latin1'))

    it('hands on every record, byte for byte, in order', async () => {
      const records = recordsOf('one', '', '"\\\n', 'four')
      records.push({ data: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), arrivedAtMs: 5 })
      expect(await rig.destination.deliver(parcelOf(records), unaborted)).toEqual([])
      expect(await texts()).toEqual(records.map(({ data }) => Buffer.from(data).toString('latin1')))
    })

    it('keeps the order of parcels', async () => {
      const expected = Array.from({ length: 50 }, (_, index) => `record ${index}`)
      for (const text of expected) {
        expect(await rig.destination.deliver(parcelOf(recordsOf(text)), unaborted)).toEqual([])
      }
      expect(await texts()).toEqual(expected)
    })

    it('does not look at records once it has answered', async () => {
      const records = recordsOf('mine', 'yours')
      await rig.destination.deliver(parcelOf(records), unaborted)
      for (const { data } of records) data.fill(0)
      expect(await texts()).toEqual(['mine', 'yours'])
    })

    it('takes as many records as it says', async () => {
      const { recordsMax, bytesMax } = rig.destination
      const data = Buffer.from('x'.repeat(40))
      expect(recordsMax * data.length).toBeLessThan(bytesMax)
      const records = Array.from({ length: recordsMax }, () => ({ data, arrivedAtMs: 0 }))
      expect(await rig.destination.deliver(parcelOf(records), unaborted)).toEqual([])
      expect((await rig.taken()).length).toBe(recordsMax)
    })

    it('does nothing for a signal that was aborted before', async () => {
      const reason = new Error('enough')
      const delivery = rig.destination.deliver(parcelOf(recordsOf('never')), AbortSignal.abort(reason))
      expect(await rejection(delivery)).toBe(reason)
      expect(await texts()).toEqual([])
    })

    it('says that a delivery failed, and takes the next one', async () => {
      await rig.breakDown()
      const error = await rejection(rig.destination.deliver(parcelOf(recordsOf('a')), unaborted))
      expect(error).toMatchObject({
        name: 'DeliveryError',
        again: true,
        code: expect.stringMatching(/^\w+\.\w+$/),
      })
      await rig.repair()
      expect(await rig.destination.deliver(parcelOf(recordsOf('a')), unaborted)).toEqual([])
      expect(await texts()).toEqual(['a'])
    })

    it('closes any number of times', async () => {
      await rig.destination.close()
      expect(await rig.destination.close()).toBeUndefined()
    })
  })
}
