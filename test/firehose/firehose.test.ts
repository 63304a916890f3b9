import { describe, expect, it } from 'vitest'
import type { DeliveryKey } from '../../src/firehose/delivery-stream-state.ts'
import { firehoseOf } from '../../src/firehose/firehose.ts'
import { insideOf } from '../../src/streams/store.ts'
import { settled } from '../model/manual-clock.ts'
import { codeOf, direct, type FakeDelivery, fromStream, into, key, openFirehose } from './facade-subject.ts'

const plan = { configuration: direct }

const shown = (deliveries: readonly FakeDelivery[]): string[] =>
  deliveries.map(({ state, told }) => `${state.key.name} v${state.versionId}: ${told.join(', ')}`)

describe('delivery streams', () => {
  it('are created, listed by name in their account, and there when the store is opened again', async () => {
    const first = await openFirehose()
    const elsewhere: DeliveryKey = { ...key('c'), region: 'eu-west-1' }
    const document = { asked: [1, null, { a: 'b' }] }
    const tags = { team: 'x' }
    const encryption = { keyType: 'AWS_OWNED_CMK' } as const
    await first.firehose.createDeliveryStream(key('b'), { ...plan, document, tags, encryption })
    await first.store.createStream('s')
    const channel = { configuration: fromStream('s'), kind: 'channel' } as const
    await first.firehose.createDeliveryStream(key('channel:a'), channel)
    await first.firehose.createDeliveryStream(elsewhere, plan)
    const before = first.firehose.deliveryStream(key('b'))
    expect(before).toMatchObject({
      key: key('b'),
      kind: 'delivery-stream',
      createdAtMs: first.clock.nowMs(),
      updatedAtMs: first.clock.nowMs(),
      versionId: 1,
      configuration: direct,
      document,
      tags,
      encryption,
    })
    expect(before.id).toMatch(/^[0-9a-f-]{36}$/)
    await first.store.close()
    const { firehose, deliveries } = await openFirehose({ disk: first.disk })
    const names = (account: Omit<DeliveryKey, 'name'>): string[] =>
      firehose.deliveryStreams(account).map((state) => `${state.key.name} ${state.kind}`)
    expect(names(key(''))).toEqual(['b delivery-stream', 'channel:a channel'])
    expect(names(elsewhere)).toEqual(['c delivery-stream'])
    expect(firehose.deliveryStream(key('b'))).toEqual(before)
    await settled()
    expect(deliveries).toHaveLength(3)
  })

  it('are refused where there is one, and where names are wrong', async () => {
    const { firehose } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    expect(await codeOf(() => firehose.createDeliveryStream(key('a'), plan))).toBe(
      'ERR_MILLRACE_DELIVERY_STREAM_EXISTS',
    )
    for (const kind of [
      { name: 'b', kind: 'channel' },
      { name: 'channel:b', kind: 'delivery-stream' },
    ] as const) {
      const wrong = firehose.createDeliveryStream(key(kind.name), { ...plan, kind: kind.kind })
      await expect(wrong).rejects.toMatchObject({ details: { field: 'kind' } })
    }
    for (const name of ['', 'a/b', 'x'.repeat(65), 'a:b']) {
      expect(await codeOf(() => firehose.createDeliveryStream(key(name), plan))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    }
  })

  it('take their source from the store, or from elsewhere where that is said', async () => {
    const { firehose, store } = await openFirehose()
    const fromElsewhere = { configuration: fromStream('s') }
    expect(await codeOf(() => firehose.createDeliveryStream(key('a'), fromElsewhere))).toBe(
      'ERR_MILLRACE_STREAM_NOT_FOUND',
    )
    expect(firehose.deliveryStreams(key(''))).toEqual([])
    await store.createStream('s')
    expect(await codeOf(() => firehose.createDeliveryStream(key('a'), fromElsewhere))).toBe(undefined)
    const other = await openFirehose({}, { kinesis: { endpoint: 'http://127.0.0.1:1' } })
    expect(await codeOf(() => other.firehose.createDeliveryStream(key('a'), fromElsewhere))).toBe(undefined)
    const internal = { configuration: fromStream('firehose:a') }
    expect(await codeOf(() => other.firehose.createDeliveryStream(key('b'), internal))).toBe(
      'ERR_MILLRACE_INVALID_ARGUMENT',
    )
  })

  it('change by versions: who builds on another one changes nothing', async () => {
    const { firehose, clock } = await openFirehose()
    const created = await firehose.createDeliveryStream(key('a'), { ...plan, document: 1 })
    await clock.advance(1_000)
    const update = { configuration: into('other'), document: 2 }
    const updated = await firehose.updateDestination(key('a'), { ...update, versionId: 1 })
    expect(updated).toEqual({
      ...created,
      ...update,
      versionId: 2,
      updatedAtMs: created.updatedAtMs + 1_000,
    })
    for (const versionId of [1, 3]) {
      const late = { ...update, versionId, configuration: into('late') }
      expect(await codeOf(() => firehose.updateDestination(key('a'), late))).toBe(
        'ERR_MILLRACE_VERSION_CONFLICT',
      )
    }
    const elsewhere = { ...update, versionId: 2, configuration: fromStream('s') }
    expect(await codeOf(() => firehose.updateDestination(key('a'), elsewhere))).toBe(
      'ERR_MILLRACE_UNSUPPORTED',
    )
    expect(firehose.deliveryStream(key('a'))).toEqual(updated)
    const two = ['x', 'y'].map((bucket) =>
      codeOf(() =>
        firehose.updateDestination(key('a'), { ...update, versionId: 2, configuration: into(bucket) }),
      ),
    )
    expect((await Promise.all(two)).toSorted()).toEqual(['ERR_MILLRACE_VERSION_CONFLICT', undefined])
  })

  it('have tags by the rules of streams, and a flag of encryption, which are no new version', async () => {
    const { firehose, deliveries } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), { ...plan, tags: { a: '1' } })
    expect((await firehose.tag(key('a'), { b: '2', a: '3' })).tags).toEqual({ a: '3', b: '2' })
    expect((await firehose.untag(key('a'), ['a', 'none'])).tags).toEqual({ b: '2' })
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`t${n}`, '']))
    expect(await codeOf(() => firehose.tag(key('a'), many))).toBe('ERR_MILLRACE_LIMIT_EXCEEDED')
    expect(await codeOf(() => firehose.tag(key('a'), { 'a*': '' }))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    const encryption = { keyType: 'CUSTOMER_MANAGED_CMK', keyArn: 'arn:aws:kms:r:1:key/k' } as const
    expect((await firehose.startEncryption(key('a'), encryption)).encryption).toEqual(encryption)
    const stopped = await firehose.stopEncryption(key('a'))
    expect([stopped.encryption, stopped.versionId]).toEqual([undefined, 1])
    expect(shown(deliveries)).toEqual(['a v1: '])
  })

  it('that are not there are not found, whatever is asked of them', async () => {
    const { firehose } = await openFirehose()
    const calls = [
      () => firehose.deliveryStream(key('a')),
      () => firehose.updateDestination(key('a'), { versionId: 1, configuration: direct }),
      () => firehose.deleteDeliveryStream(key('a')),
      () => firehose.put(key('a'), []),
      () => firehose.tag(key('a'), {}),
      () => firehose.untag(key('a'), []),
      () => firehose.startEncryption(key('a'), { keyType: 'AWS_OWNED_CMK' }),
      () => firehose.stopEncryption(key('a')),
      () => firehose.flush(key('a')),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('ERR_MILLRACE_DELIVERY_STREAM_NOT_FOUND')
    expect(firehose.stats(key('a'))).toBeUndefined()
  })

  it('are told by whoever reads a damaged document of them, and the others run on', async () => {
    const first = await openFirehose()
    await first.firehose.createDeliveryStream(key('a'), plan)
    await first.firehose.createDeliveryStream(key('b'), plan)
    const { documents } = insideOf(first.store)
    const damaged = {
      ...first.firehose.deliveryStream(key('a')),
      configuration: { source: { kind: 'other' } },
    }
    await documents.change('firehose/000000000000/us-east-1/a', () => ({ value: damaged }))
    await first.store.close()
    const { firehose, deliveries, warnings } = await openFirehose({ disk: first.disk })
    await settled()
    expect(await codeOf(() => firehose.deliveryStream(key('a')))).toBe('ERR_MILLRACE_CORRUPT')
    expect(shown(deliveries)).toEqual(['b v1: '])
    expect(warnings.map(({ code }) => code)).toEqual(['delivery-failed'])
  })
})

describe('what runs', () => {
  it('is one delivery for each that is ACTIVE, of its present configuration', async () => {
    const { firehose, deliveries } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    expect(shown(deliveries)).toEqual(['a v1: '])
    await firehose.updateDestination(key('a'), { versionId: 1, configuration: into('other') })
    await firehose.flush(key('a'))
    expect(shown(deliveries)).toEqual(['a v1: stop, flushed', 'a v2: flush'])
    await firehose.deleteDeliveryStream(key('a'))
    expect(shown(deliveries)).toEqual(['a v1: stop, flushed', 'a v2: flush, stop'])
    await firehose.createDeliveryStream(key('a'), plan)
    expect(shown(deliveries).at(-1)).toBe('a v1: ')
  })

  it('never has two deliveries of one, however slowly the first one ends', async () => {
    const { firehose, deliveries } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    const releases: (() => void)[] = []
    const [first] = deliveries
    if (first !== undefined) first.held = new Promise<void>((resolve) => releases.push(resolve))
    await firehose.updateDestination(key('a'), { versionId: 1, configuration: into('x') })
    await firehose.updateDestination(key('a'), { versionId: 2, configuration: into('y') })
    await settled()
    expect(shown(deliveries)).toEqual(['a v1: stop, flushed'])
    for (const release of releases) release()
    await firehose.flush(key('a'))
    expect(shown(deliveries)).toEqual(['a v1: stop, flushed', 'a v3: flush'])
  })

  it('follows the statuses of a store with transitions', async () => {
    const { firehose, deliveries, clock } = await openFirehose({ transitions: 'aws' })
    const created = await firehose.createDeliveryStream(key('a'), plan)
    expect(firehose.status(created)).toBe('CREATING')
    for (const call of [
      () => firehose.put(key('a'), []),
      () => firehose.flush(key('a')),
      () => firehose.updateDestination(key('a'), { versionId: 1, configuration: direct }),
      () => firehose.deleteDeliveryStream(key('a')),
      () => firehose.stopEncryption(key('a')),
    ]) {
      expect(await codeOf(call)).toBe('ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE')
    }
    expect(deliveries).toEqual([])
    await clock.advance(15_000)
    await settled()
    expect([firehose.status(created), shown(deliveries)]).toEqual(['ACTIVE', ['a v1: ']])
    await firehose.put(key('a'), [Buffer.from('x')])
    await firehose.deleteDeliveryStream(key('a'))
    await firehose.deleteDeliveryStream(key('a'))
    expect(firehose.status(firehose.deliveryStream(key('a')))).toBe('DELETING')
    expect(shown(deliveries)).toEqual(['a v1: stop'])
    expect(await codeOf(() => firehose.put(key('a'), []))).toBe('ERR_MILLRACE_DELIVERY_STREAM_NOT_ACTIVE')
    expect(await codeOf(() => firehose.createDeliveryStream(key('a'), plan))).toBe(
      'ERR_MILLRACE_DELIVERY_STREAM_EXISTS',
    )
    await clock.advance(15_000)
    await settled()
    expect(firehose.deliveryStreams(key(''))).toEqual([])
  })

  it('goes when it should have gone while the store was closed', async () => {
    const first = await openFirehose({ transitions: { deletingMs: 60_000 } })
    await first.firehose.createDeliveryStream(key('a'), plan)
    await first.firehose.put(key('a'), [Buffer.from('x')])
    await first.firehose.deleteDeliveryStream(key('a'))
    await first.store.close()
    const { firehose, clock, store, deliveries } = await openFirehose({
      disk: first.disk,
      clock: first.clock,
    })
    expect(firehose.deliveryStreams(key(''))).toHaveLength(1)
    await clock.advance(60_000)
    await settled()
    expect([firehose.deliveryStreams(key('')), deliveries]).toEqual([[], []])
    expect(insideOf(store).meta.state.streams.size).toBe(0)
    expect(insideOf(store).meta.state.documents.size).toBe(0)
  })

  it('leaves nothing behind when another thread deletes it while this one stores how far it is', async () => {
    const { firehose, host, store } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    const state = firehose.deliveryStream(key('a'))
    await host.positions.save(state, { 'shardId-000000000000': '7' })
    await firehose.deleteDeliveryStream(key('a'))
    await host.positions.save(state, { 'shardId-000000000000': '8' })
    expect(insideOf(store).meta.state.documents.size).toBe(0)
  })

  it('is tried again every minute when it cannot begin', async () => {
    const { firehose, failures, deliveries, clock, warnings } = await openFirehose()
    failures.push(new Error('first'), new Error('second'))
    await firehose.createDeliveryStream(key('a'), plan)
    const failedAtMs = clock.nowMs()
    expect(firehose.failure(key('a'))).toEqual({ error: new Error('first'), atMs: failedAtMs })
    expect(warnings.map(({ code }) => code)).toEqual(['delivery-failed'])
    await expect(firehose.flush(key('a'))).rejects.toThrow('second')
    await clock.advance(59_999)
    await settled()
    expect(deliveries).toEqual([])
    expect(firehose.failure(key('a'))).toEqual({ error: new Error('second'), atMs: failedAtMs })
    await clock.advance(1)
    await settled()
    expect(shown(deliveries)).toEqual(['a v1: '])
    expect(firehose.failure(key('a'))).toBeUndefined()
  })
})

describe('the delivery streams of a store', () => {
  it('are one object, which options can be given to once', async () => {
    const { firehose, store } = await openFirehose({}, { memoryBytes: 16 * 1024 * 1024 })
    expect(firehoseOf(store)).toBe(firehose)
    expect(firehose.options.memoryBytes).toBe(16 * 1024 * 1024)
    expect(await codeOf(() => firehoseOf(store, {}))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
  })

  it('end with their store: flushed, before it closes, and nothing works any more', async () => {
    const { firehose, store, deliveries, released } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    await store.close()
    expect(shown(deliveries)).toEqual(['a v1: stop, flushed'])
    expect(released()).toBe(true)
    const calls = [
      () => firehose.deliveryStream(key('a')),
      () => firehose.deliveryStreams(key('')),
      () => firehose.createDeliveryStream(key('b'), plan),
      () => firehose.put(key('a'), [Buffer.from('x')]),
      () => firehose.flush(key('a')),
      () => firehose.tag(key('a'), {}),
      () => firehoseOf(store),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('ERR_MILLRACE_CLOSED')
  })

  it('can be closed alone, and made again with other options', async () => {
    const { firehose, store, deliveries } = await openFirehose()
    await firehose.createDeliveryStream(key('a'), plan)
    await firehose.close()
    expect(firehose.close()).toBe(firehose.close())
    expect(shown(deliveries)).toEqual(['a v1: stop, flushed'])
    const again = firehoseOf(store, { buckets: 'nowhere' }, () => ({
      begin: () => Promise.reject(new Error()),
      release: async () => {},
    }))
    expect(again).not.toBe(firehose)
    expect(again.deliveryStreams(key(''))).toHaveLength(1)
    await store.close()
    expect(deliveries).toHaveLength(1)
  })

  it.each([
    ['buckets', { buckets: '' }],
    ['buckets', { buckets: 'a\0b' }],
    ['buckets', { buckets: null }],
    ['buckets.endpoint', { buckets: { endpoint: 'nowhere' } }],
    ['buckets.endpoint', { buckets: { endpoint: 7 } }],
    ['buckets.region', { buckets: { region: 7 } }],
    ['buckets.credentials', { buckets: { credentials: 'root' } }],
    ['buckets.forcePathStyle', { buckets: { forcePathStyle: 1 } }],
    ['functions', { functions: [] }],
    ['functions["f"]', { functions: { f: 1 } }],
    ['receivers["r"]', { receivers: { r: null } }],
    ['lambda.endpoint', { lambda: {} }],
    ['lambda.endpoint', { lambda: { endpoint: 'http://' } }],
    ['kinesis.region', { kinesis: { region: 7 } }],
    ['kinesis.credentials.secretAccessKey', { kinesis: { credentials: { accessKeyId: 'a' } } }],
    ['tables["t"]', { tables: { t: 'int' } }],
    ['memoryBytes', { memoryBytes: 1 }],
    ['receiveTimeoutMs', { receiveTimeoutMs: 0 }],
    ['onLog', { onLog: 1 }],
  ])('refuse an option that is wrong, by its name: %s', async (field, options) => {
    const opened = openFirehose({}, options as object)
    await expect(opened).rejects.toMatchObject({ code: 'ERR_MILLRACE_INVALID_ARGUMENT', details: { field } })
  })

  it('refuse an option that there is not', async () => {
    expect(await codeOf(() => openFirehose({}, { bucket: 'x' } as object))).toBe(
      'ERR_MILLRACE_UNKNOWN_OPTION',
    )
    const endpoint = 'http://127.0.0.1:3001'
    // Nothing is signed: whoever says who they are would believe it.
    for (const unknown of [{ region: 'us-east-1' }, { credentials: {} }, { url: 'x' }]) {
      const lambda = { endpoint, ...unknown }
      expect(await codeOf(() => openFirehose({}, { lambda } as object))).toBe('ERR_MILLRACE_UNKNOWN_OPTION')
    }
  })
})
