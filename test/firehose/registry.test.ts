import { describe, expect, it } from 'vitest'
import { deliveryStreamsMax, Registry } from '../../src/firehose/registry.ts'
import { deliveryStreamOf } from '../../src/firehose/delivery-stream-shape.ts'
import { insideOf } from '../../src/streams/store.ts'
import { openSubject } from '../streams/subject.ts'
import { codeOf, direct, key } from './facade-subject.ts'

const plan = { configuration: direct }
const id = 'firehose/000000000000/us-east-1/a'

describe('a registry', () => {
  it('takes 5,000 delivery streams of an account and region, also when the last two come at once', async () => {
    const { documents, time, transitions } = insideOf((await openSubject()).store)
    const others = Array.from({ length: deliveryStreamsMax - 1 }, (_, n) => ({
      id: `n${n}`,
      revision: 1,
      value: 0,
    }))
    const startingWith: typeof documents.startingWith = (prefix) => [
      ...(prefix === 'firehose/000000000000/us-east-1/' ? others : []),
      ...documents.startingWith(prefix),
    ]
    const full = Object.assign(Object.create(documents) as typeof documents, {
      get: documents.get.bind(documents),
      change: documents.change.bind(documents),
      startingWith,
    })
    const registry = new Registry({ documents: full, time, transitions, newId: () => 'x' })
    const both = ['b', 'c'].map((name) => codeOf(() => registry.create(key(name), plan)))
    expect(await Promise.all(both)).toEqual([undefined, 'ERR_MILLRACE_LIMIT_EXCEEDED'])
    expect(await codeOf(() => registry.create({ ...key('c'), region: 'eu-west-1' }, plan))).toBe(undefined)
  })

  it('forgets no later delivery stream of the same name', async () => {
    const { documents, time, transitions } = insideOf((await openSubject()).store)
    const ids = ['first', 'second']
    const registry = new Registry({ documents, time, transitions, newId: () => ids.shift() ?? 'more' })
    const first = await registry.create(key('a'), plan)
    await registry.forget(first)
    const second = await registry.create(key('a'), plan)
    await registry.forget(first)
    expect(registry.get(key('a'))).toEqual(second)
  })
})

describe('a delivery stream in the metadata', () => {
  const right = {
    key: key('a'),
    kind: 'delivery-stream',
    id: 'x',
    createdAtMs: 1,
    updatedAtMs: 1,
    versionId: 1,
    configuration: direct,
    tags: {},
    creatingUntilMs: 0,
  }

  it.each([
    ['key.name', { key: { ...key('a'), name: 7 } }],
    ['key', { key: key('b') }],
    ['kind', { kind: 'other' }],
    ['id', { id: undefined }],
    ['versionId', { versionId: 1.5 }],
    ['createdAtMs', { createdAtMs: -1 }],
    ['deletingUntilMs', { deletingUntilMs: '1' }],
    ['tags', { tags: [] }],
    ['tags.a', { tags: { a: 1 } }],
    ['encryption', { encryption: 'yes' }],
    ['configuration', { configuration: null }],
    ['configuration.source.kind', { configuration: { ...direct, source: { kind: 'x' } } }],
    ['configuration.source.streamArn', { configuration: { ...direct, source: { kind: 'stream' } } }],
    ['configuration.processing', { configuration: { ...direct, processing: 1 } }],
    ['configuration.destination.kind', { configuration: { ...direct, destination: {} } }],
    ['configuration.destination', { configuration: { ...direct, destination: { kind: 'records' } } }],
  ])('is refused, and its field named, when no version has written it: %s', (field, damage) => {
    expect(deliveryStreamOf(id, right)).toBe(right)
    expect(() => deliveryStreamOf(id, { ...right, ...damage })).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_CORRUPT', details: { document: id, field } }),
    )
  })
})
