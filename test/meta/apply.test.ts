import { describe, expect, it } from 'vitest'
import { apply, emptyState } from '../../src/meta/apply.ts'
import type { Command } from '../../src/meta/commands.ts'
import { type MetaState, streamId } from '../../src/meta/state.ts'
import { createStream, deleteStream, keyOf, plain, setRetention } from './history.ts'

function after(state: MetaState, command: Command, offset: number): MetaState {
  const applied = apply(state, command, offset)
  expect(applied.outcome).toBe('applied')
  return applied.state
}

describe('createStream', () => {
  it('adds a stream whose revision is the offset of the command', () => {
    const state = after(emptyState, createStream('a', 2), 7)
    const { kind: _, ...created } = createStream('a', 2)
    expect(state.revision).toBe(7)
    expect([...state.streams]).toEqual([
      [streamId(keyOf('a')), { ...created, revision: 7, hiddenBeforeMs: 0 }],
    ])
  })

  it('is stale when the name is taken, and changes nothing but the revision', () => {
    const before = after(emptyState, createStream('a'), 1)
    const { state, outcome } = apply(before, createStream('a', 3), 2)
    expect(outcome).toBe('stale')
    expect(state).toEqual({ ...before, revision: 2 })
  })

  it('may use a name again after the stream was deleted', () => {
    const created = after(emptyState, createStream('a'), 1)
    const deleted = after(created, deleteStream(created, 'a'), 2)
    expect(after(deleted, createStream('a', 3), 3).streams.get(streamId(keyOf('a')))?.shards).toHaveLength(3)
  })

  it('tells streams of one name in other accounts and regions apart', () => {
    const command = createStream('a') as Extract<Command, { kind: 'createStream' }>
    const other = { ...command, key: { ...command.key, region: 'eu-west-1' } }
    const third = { ...command, key: { ...command.key, account: '111111111111' } }
    expect(after(after(after(emptyState, command, 1), other, 2), third, 3).streams.size).toBe(3)
  })
})

describe('deleteStream and setRetention', () => {
  const created = after(after(emptyState, createStream('a'), 5), createStream('b'), 6)

  it('remove and change the one stream that they name', () => {
    const changed = after(created, setRetention(created, 'a', 48, 1_000), 7)
    expect(changed.streams.get(streamId(keyOf('a')))).toMatchObject({
      retentionHours: 48,
      hiddenBeforeMs: 1_000,
      revision: 7,
    })
    expect(changed.streams.get(streamId(keyOf('b')))).toBe(created.streams.get(streamId(keyOf('b'))))
    const deleted = after(changed, deleteStream(changed, 'a'), 8)
    expect([...deleted.streams.keys()]).toEqual([streamId(keyOf('b'))])
  })

  it('are stale when the stream has changed since, is gone, or never was', () => {
    const changed = after(created, setRetention(created, 'a', 48), 7)
    const deleted = after(created, deleteStream(created, 'a'), 7)
    const stale: [MetaState, Command][] = [
      [changed, deleteStream(created, 'a')],
      [changed, setRetention(created, 'a', 72)],
      [deleted, deleteStream(created, 'a')],
      [deleted, setRetention(created, 'a', 72)],
      [created, deleteStream(created, 'never')],
      [created, setRetention(created, 'never', 1)],
      [created, { kind: 'deleteStream', key: keyOf('a'), revision: 6 }],
    ]
    for (const [state, command] of stale) {
      expect(apply(state, command, 9)).toEqual({ outcome: 'stale', state: { ...state, revision: 9 } })
    }
  })

  it('never bring hidden records back', () => {
    const hidden = after(created, setRetention(created, 'a', 24, 5_000), 7)
    const longer = after(hidden, setRetention(hidden, 'a', 8_760, 100), 8)
    expect(longer.streams.get(streamId(keyOf('a')))).toMatchObject({
      retentionHours: 8_760,
      hiddenBeforeMs: 5_000,
    })
  })
})

describe('apply', () => {
  it('leaves the state before as it was', () => {
    const before = after(emptyState, createStream('a'), 1)
    const shown = JSON.stringify(plain(before))
    apply(before, createStream('b'), 2)
    apply(before, setRetention(before, 'a', 1), 2)
    apply(before, deleteStream(before, 'a'), 2)
    expect(JSON.stringify(plain(before))).toBe(shown)
    expect(emptyState.streams.size).toBe(0)
  })

  it('refuses a command of a later version by name and offset', () => {
    const later = { kind: 'splitShard', key: keyOf('a') } as unknown as Command
    expect(() => apply(emptyState, later, 12)).toThrow(
      expect.objectContaining({
        code: 'ERR_MILLRACE_NEWER_FORMAT',
        details: { offset: 12, kind: 'splitShard' },
      }),
    )
  })
})
