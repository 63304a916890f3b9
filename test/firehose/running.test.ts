import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { DeliveryLogEvent } from '../../src/firehose/delivery-log.ts'
import type { DeliveryRecord } from '../../src/firehose/delivery-record.ts'
import { firehose, type TransformFunction } from '../../src/firehose/index.ts'
import { open } from '../../src/open.ts'
import { hourMs } from '../../src/units.ts'
import { insideOf } from '../../src/streams/store.ts'
import { ManualClock, settled } from '../model/manual-clock.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-running-'))
  folders.push(folder)
  return folder
}

/** Text of every file below a folder, by its path. */
function filesBelow(folder: string, path = ''): Record<string, string> {
  return Object.fromEntries(
    readdirSync(join(folder, path)).flatMap((name) => {
      const inner = join(path, name)
      if (statSync(join(folder, inner)).isDirectory()) return Object.entries(filesBelow(folder, inner))
      return [[inner, readFileSync(join(folder, inner), 'utf8')]]
    }),
  )
}

/** A receiver that keeps what it is given. */
class Kept {
  readonly texts: string[] = []
  readonly receive = (records: readonly DeliveryRecord[]): void => {
    for (const { data } of records) this.texts.push(Buffer.from(data).toString())
  }
}

describe('a delivery stream', () => {
  it('names what it cannot put, with its kind and the rule', async () => {
    await using store = await open('memory:')
    const clicks = await firehose(store, { buckets: scratch() }).createDeliveryStream('clicks', {
      destination: { kind: 'folder', bucket: 'clicks' },
    })
    const code = 'ERR_MILLRACE_INVALID_ARGUMENT'
    const fine = Buffer.from('x')
    for (const [value, shown] of [
      [7, '7'],
      ['text', '"text"'],
      [undefined, 'undefined'],
      [null, 'null'],
      [{ length: 3 }, 'an object (Object)'],
      [[1, 2], 'an array of 2'],
      [new ArrayBuffer(3), 'an object (ArrayBuffer)'],
      [new Uint16Array(3), 'an object (Uint16Array)'],
    ] as const) {
      const rule = `must be a Uint8Array, got ${shown}`
      await expect(clicks.put(value as never)).rejects.toMatchObject({
        code,
        message: `data ${rule}`,
        details: { field: 'data', rule: 'a Uint8Array' },
      })
      await expect(clicks.putBatch([fine, fine, fine, value] as never)).rejects.toMatchObject({
        code,
        message: `records[3] ${rule}`,
        details: { field: 'records[3]', rule: 'a Uint8Array' },
      })
    }
    for (const value of [7, 'text', undefined, null, fine, { length: 1, 0: fine }]) {
      await expect(clicks.putBatch(value as never)).rejects.toMatchObject({
        code,
        details: { field: 'records' },
      })
    }
    await expect(clicks.put(Buffer.alloc(1_024_001))).rejects.toMatchObject({
      code: 'ERR_MILLRACE_RECORD_TOO_LARGE',
      details: { field: 'data', bytes: 1_024_001 },
    })
  })

  it("carries what is put into it to a bucket in the store's folder, through a restart", async () => {
    const folder = scratch()
    const first = await open(folder)
    const clicks = await firehose(first).createDeliveryStream('clicks', {
      destination: { kind: 'folder', bucket: 'clicks', prefix: 'p/' },
      processing: { delimiter: '\n' },
    })
    await clicks.put(Buffer.from('one'))
    await clicks.flush()
    await clicks.putBatch([Buffer.from('two'), Buffer.from('three')])
    await first.close()
    const second = await open(folder)
    const again = firehose(second).deliveryStream('clicks')
    await again.put(Buffer.from('four'))
    await again.flush()
    const objects = Object.entries(filesBelow(join(folder, 'buckets', 'clicks')))
    const lines = objects.flatMap(([, text]) => text.split('\n').filter((line) => line !== ''))
    expect(lines.toSorted()).toEqual(['four', 'one', 'three', 'two'])
    for (const [path] of objects) expect(path).toMatch(/^p\/\d{4}\/\d\d\/\d\d\/\d\d\/clicks-1-/)
    await second.close()
    expect(readdirSync(folder)).not.toContain('spill')
    // A store with buckets in its folder opens and is read as any other.
    const reader = await open(folder, { readOnly: true })
    expect(reader.listStreams()).toEqual([])
    expect(
      firehose(reader)
        .listDeliveryStreams()
        .map(({ name }) => name),
    ).toEqual(['clicks'])
    await reader.close()
  })

  it('delivers after so long, on the clock of the store', async () => {
    const clock = new ManualClock()
    const store = await open('memory:', { clock })
    const kept = new Kept()
    const deliveries = firehose(store, { buckets: scratch(), receivers: { kept: kept.receive } })
    const clicks = await deliveries.createDeliveryStream('clicks', {
      destination: { kind: 'function', name: 'kept' },
      buffering: { ms: 60_000 },
    })
    await clicks.put(Buffer.from('one'))
    await until(() => clicks.stats()?.bufferedRecords === 1)
    await clock.advance(59_999)
    expect(kept.texts).toEqual([])
    await clock.advance(1)
    await until(() => kept.texts.length > 0)
    expect(kept.texts).toEqual(['one'])
    await store.close()
  })

  it('tells of what expired before anything of it could be delivered', async () => {
    const folder = scratch()
    const clock = new ManualClock()
    const first = await open(folder, { clock })
    const down = await firehose(first, {
      receivers: { down: () => Promise.reject(new Error('down')) },
    }).createDeliveryStream('clicks', { destination: { kind: 'function', name: 'down' } })
    await down.putBatch([Buffer.from('one'), Buffer.from('two')])
    await first.close()
    await clock.advance(49 * hourMs)
    const second = await open(folder, { clock })
    const kept = new Kept()
    const told: DeliveryLogEvent[] = []
    const again = firehose(second, {
      receivers: { down: kept.receive },
      onLog: (event) => told.push(event),
    }).deliveryStream('clicks')
    await again.put(Buffer.from('three'))
    await again.flush()
    expect(kept.texts).toEqual(['three'])
    expect(told.map(({ errorCode, message }) => [errorCode, message])).toEqual([
      ['Delivery.RecordsExpired', 'up to 2 records of shardId-000000000000 expired before they were read'],
    ])
    await second.close()
  })

  it('carries the records of a stream, and goes on behind what was delivered', async () => {
    const folder = scratch()
    const first = await open(folder)
    const stream = await first.createStream('s', { shards: 2 })
    const kept = new Kept()
    const options = { buckets: join(folder, 'objects'), receivers: { kept: kept.receive } }
    await stream.put('a', Buffer.from('before'))
    const created = await firehose(first, options).createDeliveryStream('d', {
      source: { stream: 's', from: 'oldest' },
      destination: { kind: 'function', name: 'kept' },
    })
    await stream.put('b', Buffer.from('after'))
    await created.flush()
    expect(kept.texts.toSorted()).toEqual(['after', 'before'])
    await first.close()
    const second = await open(folder)
    await second.stream('s').put('c', Buffer.from('later'))
    await firehose(second, options).deliveryStream('d').flush()
    expect(kept.texts).toHaveLength(3)
    expect(kept.texts.at(-1)).toBe('later')
    await second.close()
  })

  it('calls a transformation once for what trickles in, and at once when it is flushed', async () => {
    const clock = new ManualClock()
    const store = await open('memory:', { clock })
    const kept = new Kept()
    const calls: number[] = []
    const same: TransformFunction = ({ records }) => {
      calls.push(records.length)
      return { records: records.map(({ recordId, data }) => ({ recordId, result: 'Ok', data })) }
    }
    const deliveries = firehose(store, {
      buckets: scratch(),
      functions: { same },
      receivers: { kept: kept.receive },
    })
    const stream = await deliveries.createDeliveryStream('d', {
      destination: { kind: 'function', name: 'kept' },
      buffering: { ms: 0 },
      processing: { transform: { function: 'same', bufferMs: 10_000 } },
    })
    await stream.put(Buffer.from('first'))
    await stream.flush()
    for (let second = 0; second < 9; second++) {
      await stream.put(Buffer.from(String(second)))
      await clock.advance(1_000)
      await settled()
    }
    expect(calls).toEqual([1])
    await clock.advance(1_000)
    await until(() => kept.texts.length > 1)
    expect([calls, kept.texts.join('')]).toEqual([[1, 9], 'first012345678'])
    await stream.put(Buffer.from('10'))
    await store.close()
    expect(kept.texts.at(-1)).toBe('10')
  })

  it('changes what it does, keeps what it is told, and shows no access key', async () => {
    const store = await open('memory:')
    const kept = new Kept()
    const deliveries = firehose(store, { buckets: scratch(), receivers: { kept: kept.receive } })
    const endpoint = { kind: 'http', url: 'http://127.0.0.1:1/', accessKey: 'secret' } as const
    const stream = await deliveries.createDeliveryStream('d', { destination: endpoint, tags: { a: 'b' } })
    expect(JSON.stringify([stream.describe(), deliveries.listDeliveryStreams()])).not.toContain('secret')
    expect(stream.describe()).toMatchObject({
      name: 'd',
      arn: 'arn:aws:firehose:us-east-1:000000000000:deliverystream/d',
      status: 'ACTIVE',
      versionId: 1,
      configuration: { destination: { to: { url: 'http://127.0.0.1:1/' } } },
      tags: { a: 'b' },
    })
    await stream.update({ destination: { kind: 'function', name: 'kept' }, processing: { delimiter: '!' } })
    await stream.put(Buffer.from('x'))
    await stream.flush()
    expect([stream.describe().versionId, kept.texts]).toEqual([2, ['x!']])
    await stream.tag({ c: 'd' })
    await stream.untag(['a'])
    expect(deliveries.deliveryStream('d').describe().tags).toEqual({ c: 'd' })
    await deliveries.deleteDeliveryStream('d')
    expect(() => deliveries.deliveryStream('d')).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND' }),
    )
    await store.close()
  })

  it('belongs to its account and region', async () => {
    const store = await open('memory:')
    const deliveries = firehose(store, { buckets: scratch() })
    const elsewhere = deliveries.within({ account: '111111111111', region: 'eu-west-1' })
    const made = await elsewhere.createDeliveryStream('d', { destination: { kind: 'folder', bucket: 'bbb' } })
    expect(made.arn).toBe('arn:aws:firehose:eu-west-1:111111111111:deliverystream/d')
    expect(deliveries.listDeliveryStreams()).toEqual([])
    expect(elsewhere.listDeliveryStreams().map(({ name }) => name)).toEqual(['d'])
    await store.close()
  })

  it('gives the space of what was delivered back', async () => {
    const store = await open('memory:')
    const kept = new Kept()
    const deliveries = firehose(store, { buckets: scratch(), receivers: { kept: kept.receive } })
    const stream = await deliveries.createDeliveryStream('d', {
      destination: { kind: 'function', name: 'kept' },
    })
    for (let round = 0; round < 3; round++) {
      await stream.putBatch(Array.from({ length: 100 }, () => Buffer.from('x')))
      await stream.flush()
    }
    await deliveries.close()
    const log = insideOf(store).internalStreams.stream({
      account: '000000000000',
      region: 'us-east-1',
      name: 'firehose:d',
    })
    const { recordsMax } = await log.stats()
    expect([kept.texts.length, recordsMax]).toEqual([300, 1])
    await store.close()
  })

  it('is refused for what is no store', () => {
    expect(() => firehose({} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_INVALID_ARGUMENT' }),
    )
  })
})

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    if (turns === 100_000) throw new Error('it did not come')
    await settled()
  }
}
