import { describe, expect, it } from 'vitest'
import { DirectLogs } from '../../src/firehose/direct-log.ts'
import { Refusal } from '../../src/log/log.ts'
import { open } from '../../src/open.ts'
import { insideOf, type Store } from '../../src/streams/store.ts'
import { collect } from '../streams/subject.ts'
import { codeOf, direct, fromStream, key, openFirehose } from './facade-subject.ts'

const plan = { configuration: direct }
const bytes = (text: string): Uint8Array => Buffer.from(text)

async function buffered(store: Store, name: string): Promise<string[]> {
  const stream = insideOf(store).internalStreams.stream({ ...key(name), name: `firehose:${name}` })
  const records = await collect(stream.read({ from: 'oldest', until: 'tail' }))
  return records.map(({ data }) => Buffer.from(data).toString())
}

describe('what is put into a delivery stream', () => {
  it('lies in the store, in order, before it is acknowledged, and is there when the store is opened again', async () => {
    const first = await openFirehose()
    await first.firehose.createDeliveryStream(key('a'), plan)
    const outcomes = await first.firehose.put(key('a'), [bytes('one'), bytes(''), bytes('three')])
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true])
    expect(await buffered(first.store, 'a')).toEqual(['one', '', 'three'])
    await first.store.close()
    const { firehose, store } = await openFirehose({ disk: first.disk })
    await firehose.put(key('a'), [bytes('four')])
    expect(await buffered(store, 'a')).toEqual(['one', '', 'three', 'four'])
  })

  it('has ids that are as long as those of AWS, and that no other record has', async () => {
    const { firehose } = await openFirehose()
    for (const name of ['a', 'b']) await firehose.createDeliveryStream(key(name), plan)
    const put = async (name: string): Promise<string[]> =>
      (await firehose.put(key(name), [bytes('x'), bytes('x')])).map((outcome) =>
        outcome.ok ? outcome.recordId : '',
      )
    const ids = [...(await put('a')), ...(await put('a')), ...(await put('b'))]
    expect(new Set(ids).size).toBe(6)
    for (const recordId of ids) expect(recordId).toMatch(/^[A-Za-z0-9_-]{222}$/)
    const [outcome] = await firehose.put(key('a'), [bytes('x')])
    expect(Object.keys(JSON.parse(JSON.stringify(outcome)) as object)).toEqual(['ok', 'recordId'])
  })

  it('may have 1,000 KiB and no more, and is bytes: else nothing of the call is taken', async () => {
    const { firehose, store } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    const largest = new Uint8Array(1_024_000)
    expect((await firehose.put(key('a'), [largest])).map(({ ok }) => ok)).toEqual([true])
    const tooLarge = firehose.put(key('a'), [bytes('x'), new Uint8Array(1_024_001)])
    await expect(tooLarge).rejects.toMatchObject({
      code: 'ERR_MILLRACE_RECORD_TOO_LARGE',
      details: { entry: 1, bytes: 1_024_001, limit: 1_024_000 },
    })
    for (const wrong of [['x'], 'x', [undefined]]) {
      expect(await codeOf(() => firehose.put(key('a'), wrong as never))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
    expect(await buffered(store, 'a')).toHaveLength(1)
  })

  it('is refused one by one where the store has no space', async () => {
    const { firehose, faults } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    faults.refuseAppend(Refusal.full)
    const [outcome] = await firehose.put(key('a'), [bytes('x')])
    expect(outcome).toMatchObject({ ok: false, error: { code: 'ERR_MILLRACE_NO_SPACE' } })
  })

  it('goes to the stream where records come from one', async () => {
    const { firehose, store } = await openFirehose()
    await store.createStream('s')
    await firehose.createDeliveryStream(key('a'), { configuration: fromStream('s') })
    expect(await codeOf(() => firehose.put(key('a'), [bytes('x')]))).toBe('ERR_MILLRACE_WRONG_SOURCE')
    expect(insideOf(store).meta.state.streams.size).toBe(1)
  })

  it('is gone with its delivery stream, and not in a later one of the same name', async () => {
    const { firehose, store } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    await firehose.put(key('a'), [bytes('old')])
    await firehose.deleteDeliveryStream(key('a'))
    expect(insideOf(store).meta.state.streams.size).toBe(0)
    await firehose.createDeliveryStream(key('a'), plan)
    await firehose.put(key('a'), [bytes('new')])
    expect(await buffered(store, 'a')).toEqual(['new'])
  })

  it('leaves nothing behind when its log cannot be made', async () => {
    const { firehose, store, metaFaults } = await openFirehose()
    metaFaults.pass('append', 1)
    metaFaults.refuseAppend(Refusal.full)
    expect(await codeOf(() => firehose.createDeliveryStream(key('a'), plan))).toBe('ERR_MILLRACE_NO_SPACE')
    expect(firehose.deliveryStreams(key(''))).toEqual([])
    expect(insideOf(store).meta.state.streams.size).toBe(0)
  })
})

describe('what is delivered', () => {
  it('gives its space back behind the position, which a reader can still begin at', async () => {
    const store = await open('memory:')
    const logs = new DirectLogs(insideOf(store))
    const state = { key: key('a'), id: 'x' } as never
    const log = await logs.open(state)
    const records = Array.from({ length: 20 }, () => new Uint8Array(1_000_000))
    await log.put(records)
    const all = await collect(log.stream.read({ from: 'oldest', until: 'tail' }))
    const [{ shardId, sequenceNumber } = { shardId: '', sequenceNumber: '' }] = all.slice(18)
    await log.trim({ [shardId]: sequenceNumber })
    const rest = await collect(
      log.stream.read({ from: 'sequence', sequence: [sequenceNumber], until: 'tail' }),
    )
    expect(rest.map((record) => record.sequenceNumber)).toEqual([all[19]?.sequenceNumber])
    const oldest = await collect(log.stream.read({ from: 'oldest', until: 'tail' }))
    expect(oldest.map((record) => record.sequenceNumber)).toEqual(
      all.slice(18).map((record) => record.sequenceNumber),
    )
    await store.close()
  })
})
