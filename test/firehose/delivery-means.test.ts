import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { DeliveryRecord } from '../../src/firehose/delivery-record.ts'
import type { FirehoseOptions, TransformAnswer, TransformEvent } from '../../src/firehose/firehose-options.ts'
import { firehoseOf } from '../../src/firehose/firehose.ts'
import { firehose } from '../../src/firehose/index.ts'
import type { CreateDeliveryStreamOptions } from '../../src/firehose/plan/delivery-plan.ts'
import { open } from '../../src/open.ts'
import { insideOf } from '../../src/streams/store.ts'
import type { StoreWarning } from '../../src/streams/warning.ts'
import { key } from './facade-subject.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-means-'))
  folders.push(folder)
  return folder
}

const upper = ({ records }: TransformEvent): TransformAnswer => ({
  records: records.map(({ recordId, data }) => ({
    recordId,
    result: 'Ok',
    data: Buffer.from(Buffer.from(data, 'base64').toString().toUpperCase()).toString('base64'),
  })),
})

describe('a delivery stream in a store in memory that was told of no buckets', () => {
  it.each([
    ['objects', { destination: { kind: 'http', url: 'http://127.0.0.1:1/' } }, {}],
    [
      'what a receiver refuses',
      { destination: { kind: 'function', name: 'kept' } },
      { receivers: { kept: () => {} } },
    ],
  ] as readonly (readonly [string, CreateDeliveryStreamOptions, FirehoseOptions])[])(
    'is refused with the option to set, since there is no place for %s, and nothing of it stays',
    async (_, plan, options) => {
      const store = await open('memory:')
      const deliveries = firehose(store, options)
      await expect(deliveries.createDeliveryStream('d', plan)).rejects.toMatchObject({
        code: 'ERR_MILLRACE_UNSUPPORTED',
        message: expect.stringContaining('set the option buckets'),
        details: { option: 'buckets' },
      })
      expect(deliveries.listDeliveryStreams()).toEqual([])
      const { documents, streams } = insideOf(store).meta.state
      expect([documents.size, streams.size]).toEqual([0, 0])
      await store.close()
    },
  )
})

describe('a delivery stream whose function is not there when its store is opened again', () => {
  const got: string[] = []
  const kept = (records: readonly DeliveryRecord[]): void => {
    for (const { data } of records) got.push(Buffer.from(data).toString())
  }
  const byFunction: CreateDeliveryStreamOptions = {
    destination: { kind: 'function', name: 'kept' },
    processing: { transform: 'upper' },
  }

  it.each([
    ['a receiver', { functions: { upper } }, 'no receiver kept'],
    ['a transformation', { receivers: { kept } }, 'no function upper'],
  ] as readonly (readonly [string, FirehoseOptions, string])[])(
    'waits for %s, says so, loses nothing and goes on when it is there',
    async (_, without, missing) => {
      got.length = 0
      const folder = scratch()
      const first = await open(folder)
      const never = { upper, receivers: { kept: () => Promise.reject(new Error('not now')) } }
      const made = await firehose(first, {
        functions: { upper },
        receivers: never.receivers,
      }).createDeliveryStream('d', byFunction)
      await made.put(Buffer.from('one'))
      await first.close()

      const warnings: StoreWarning[] = []
      const second = await open(folder, { onWarning: (warning) => warnings.push(warning) })
      const waiting = firehose(second, without).deliveryStream('d')
      await waiting.put(Buffer.from('two'))
      await expect(waiting.flush()).rejects.toThrow(missing)
      expect(warnings.map(({ code }) => code)).toContain('delivery-failed')
      expect(String(firehoseOf(second).failure(key('d'))?.error)).toContain(missing)
      expect(waiting.stats()).toBeUndefined()
      await second.close()

      const third = await open(folder)
      await firehose(third, { functions: { upper }, receivers: { kept } }).deliveryStream('d').flush()
      expect(got.toSorted()).toEqual(['ONE', 'TWO'])
      await third.close()
      expect(readdirSync(folder)).not.toContain('buckets')
    },
  )
})
