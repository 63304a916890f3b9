import { expect, it } from 'vitest'
import { apply, emptyState } from '../../src/meta/apply.ts'
import type { Command } from '../../src/meta/commands.ts'
import { type MetaState, type StreamState, streamId } from '../../src/meta/state.ts'
import { createStream, keyOf, setAccount, setConsumers, setRetention, setSettings } from './history.ts'

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
  for (const command of [setSettings(created, 'a', {}), setConsumers(created, 'a', [])]) {
    expect(apply(changed, command, 7)).toEqual({ outcome: 'stale', state: { ...changed, revision: 7 } })
  }
})

function consumer(name: string, createdAtSeconds: number): { name: string; createdAtSeconds: number } {
  return { name, createdAtSeconds }
}
