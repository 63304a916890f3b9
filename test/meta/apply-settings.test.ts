import { expect, it } from 'vitest'
import { apply, emptyState } from '../../src/meta/apply.ts'
import type { Command } from '../../src/meta/commands.ts'
import { type MetaState, type StreamState, streamId } from '../../src/meta/state.ts'
import {
  changeConsumers,
  createStream,
  keyOf,
  setAccount,
  setConsumers,
  setDocument,
  setRetention,
  setSettings,
} from './history.ts'

const created = after(emptyState, createStream('a'), 5)

function after(state: MetaState, command: Command, offset: number): MetaState {
  const applied = apply(state, command, offset)
  expect(applied.outcome).toBe('applied')
  return applied.state
}

function streamIn(state: MetaState): StreamState | undefined {
  return state.streams.get(streamId(keyOf('a')))
}

it('replaces the settings of a stream as a whole, and keeps the rest of it', () => {
  const tagged = after(created, setSettings(created, 'a', { tags: [{ key: 'k', value: 'v' }] }), 6)
  const changed = after(tagged, setSettings(tagged, 'a', { mode: 'ON_DEMAND' }, 2_000_000), 7)
  expect(streamIn(changed)).toEqual({
    ...streamIn(created),
    revision: 7,
    maxRecordBytes: 2_000_000,
    settings: { mode: 'ON_DEMAND' },
  })
  expect(streamIn(after(changed, setRetention(changed, 'a', 48), 8))?.settings).toEqual({ mode: 'ON_DEMAND' })
})

it('creates a stream with its settings', () => {
  const command = { ...createStream('b'), settings: { distribution: 'AUTO' } } as Command
  const state = after(created, command, 6)
  expect(state.streams.get(streamId(keyOf('b')))?.settings).toEqual({ distribution: 'AUTO' })
})

it('replaces the consumers, and remembers when the latest that is gone was created', () => {
  const settled = after(created, setSettings(created, 'a', { policy: '{}' }), 6)
  const two = after(settled, setConsumers(settled, 'a', [consumer('p', 10), consumer('q', 11)]), 7)
  expect(streamIn(two)?.settings).toEqual({ policy: '{}' })
  const one = after(two, setConsumers(two, 'a', [consumer('q', 11)], 10), 8)
  expect(streamIn(one)).toMatchObject({
    revision: 8,
    consumers: [consumer('q', 11)],
    settings: { policy: '{}', consumersEndedAtSeconds: 10 },
  })
})

it('changes consumers by name, and leaves the others as they are', () => {
  const [p, q, r] = [consumer('p', 10), consumer('q', 11), consumer('r', 12)]
  const three = after(created, changeConsumers(created, 'a', [], [p, q, r]), 6)
  expect(streamIn(three)).toMatchObject({ revision: 6, consumers: [p, q, r] })
  const tagged = { ...p, tags: [{ key: 'k', value: 'v' }] }
  const changed = after(three, changeConsumers(three, 'a', ['q', 'unknown'], [tagged], 11), 7)
  expect(streamIn(changed)).toMatchObject({
    revision: 7,
    consumers: [tagged, r],
    settings: { consumersEndedAtSeconds: 11 },
  })
  expect(streamIn(changed)?.consumers?.[1]).toBe(streamIn(three)?.consumers?.[2])
  const again = after(changed, changeConsumers(changed, 'a', ['p'], [consumer('p', 20)]), 8)
  expect(streamIn(again)?.consumers).toEqual([r, consumer('p', 20)])
})

it('keeps what was set of an account apart by region, and refuses what builds on an older revision', () => {
  const east = after(created, setAccount(created, 'us-east-1', { shardLimit: 7 }), 6)
  const both = after(east, setAccount(east, 'eu-west-1', { onDemandStreamLimit: 1 }), 7)
  expect([...both.accounts]).toEqual([
    ['000000000000/us-east-1', expect.objectContaining({ revision: 6, settings: { shardLimit: 7 } })],
    ['000000000000/eu-west-1', expect.objectContaining({ revision: 7 })],
  ])
  const stale = apply(both, setAccount(created, 'us-east-1', { shardLimit: 8 }), 8)
  expect(stale).toEqual({ outcome: 'stale', state: { ...both, revision: 8 } })
  expect(both.streams).toBe(created.streams)
})

it('is stale when the stream has changed since', () => {
  const changed = after(created, setSettings(created, 'a', {}), 6)
  for (const command of [
    setSettings(created, 'a', {}),
    setConsumers(created, 'a', []),
    changeConsumers(created, 'a', [], []),
  ]) {
    expect(apply(changed, command, 7)).toEqual({ outcome: 'stale', state: { ...changed, revision: 7 } })
  }
})

function consumer(name: string, createdAtSeconds: number): { name: string; createdAtSeconds: number } {
  return { name, createdAtSeconds }
}

it('makes, replaces and takes away documents, each by its own revision', () => {
  const made = after(emptyState, setDocument(emptyState, 'layer/a', { n: 1 }), 5)
  const two = after(made, setDocument(made, 'layer/b', 'other'), 6)
  const changed = after(two, setDocument(two, 'layer/a', { n: 2 }), 7)
  expect([...changed.documents.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: 'layer/a', revision: 7, value: { n: 2 } },
    { id: 'layer/b', revision: 6, value: 'other' },
  ])
  const gone = after(changed, setDocument(changed, 'layer/a'), 8)
  expect([...gone.documents.keys()]).toEqual(['layer/b'])
  expect(after(gone, setDocument(gone, 'layer/a', 3), 9).documents.get('layer/a')?.revision).toBe(9)
})

it('changes nothing of a document for a command that is stale', () => {
  const made = after(emptyState, setDocument(emptyState, 'layer/a', 1), 5)
  const stale: Command[] = [
    { kind: 'setDocument', id: 'layer/a', revision: 0, value: 2 },
    { kind: 'setDocument', id: 'layer/a', revision: 4, value: 2 },
    { kind: 'setDocument', id: 'layer/b', revision: 5, value: 2 },
    { kind: 'deleteDocument', id: 'layer/a', revision: 4 },
    { kind: 'deleteDocument', id: 'layer/b', revision: 0 },
  ]
  for (const command of stale) {
    const { state, outcome } = apply(made, command, 6)
    expect(outcome).toBe('stale')
    expect(state).toEqual({ ...made, revision: 6 })
  }
})
