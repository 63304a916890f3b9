import { describe, expect, it } from 'vitest'
import { apply, emptyState } from '../../src/meta/apply.ts'
import type { Command } from '../../src/meta/commands.ts'
import { difference } from '../../src/meta/difference.ts'
import { decodeRecord, decodeState, encodeRecord, encodeState } from '../../src/meta/encode.ts'
import { type MetaState, streamId, type StreamState } from '../../src/meta/state.ts'
import { beginReshard, createStream, dropShards, finishReshard, keyOf } from './history.ts'

/** A state and the offset of its next command. */
class History {
  state: MetaState = emptyState
  #offset = 1

  /** Applies a command as it is read back, and goes on with the state as it is read back. */
  apply(command: Command): 'applied' | 'stale' {
    const record = decodeRecord(encodeRecord({ kind: 'command', ordinal: 1, command }), 1)
    if (record.kind !== 'command') throw new Error('it reads back as something else')
    const { state, outcome } = apply(this.state, record.command, this.#offset++)
    this.state = decodeState(encodeState(state), 1)
    return outcome
  }

  get stream(): StreamState {
    return this.state.streams.get(streamId(keyOf('a'))) as StreamState
  }
}

function created(): History {
  const history = new History()
  history.apply(createStream('a'))
  return history
}

const atMs = 1_767_225_800_999

describe('a reshard', () => {
  it('changes no shard when it begins, and closes and opens them when it is finished', () => {
    const history = created()
    const begin = beginReshard(history.state, 'a') as Extract<Command, { kind: 'beginReshard' }>
    expect(history.apply(begin)).toBe('applied')
    expect(history.stream.shards).toHaveLength(1)
    expect(history.stream.resharding).toEqual({ atMs: begin.atMs, closes: [0], opens: begin.opens })
    expect(history.apply(finishReshard(history.state, 'a', atMs))).toBe('applied')
    expect(history.stream).not.toHaveProperty('resharding')
    const [parent, ...children] = history.stream.shards
    expect(parent?.closedAtMs).toBe(atMs)
    expect(children).toEqual(
      begin.opens.map((spec) => ({ ...spec, createdAtSeconds: 1_767_225_801, openedAtMs: atMs + 1 })),
    )
  })

  it('creates children no earlier than it said, whatever the clock says at its end', () => {
    const history = created()
    history.apply(beginReshard(history.state, 'a'))
    history.apply(finishReshard(history.state, 'a', 1_000))
    expect(history.stream.shards[1]?.createdAtSeconds).toBe(1_767_225_701)
  })

  it('is stale while another one is under way, and when a shard is not open any more', () => {
    const history = created()
    const first = beginReshard(history.state, 'a')
    history.apply(first)
    expect(history.apply(beginReshard(history.state, 'a'))).toBe('stale')
    history.apply(finishReshard(history.state, 'a', atMs))
    expect(history.apply(finishReshard(history.state, 'a', atMs))).toBe('stale')
    const { revision } = history.stream
    expect(history.apply({ ...first, revision } as Command)).toBe('stale')
  })

  it('keeps the number of shards that it leads to until there are so many', () => {
    const history = created()
    history.apply(beginReshard(history.state, 'a', 3))
    history.apply(finishReshard(history.state, 'a', atMs))
    expect(history.stream).toMatchObject({ targetShards: 3, scaledAtMs: [1_767_225_700_000] })
    history.apply({ ...beginReshard(history.state, 'a'), targetShards: 3 } as Command)
    history.apply(finishReshard(history.state, 'a', atMs))
    expect(history.stream).not.toHaveProperty('targetShards')
    expect(history.stream.shards.filter(({ closedAtMs }) => closedAtMs === undefined)).toHaveLength(3)
  })

  it('lets closed shards go, and only those', () => {
    const history = created()
    history.apply(beginReshard(history.state, 'a'))
    history.apply(finishReshard(history.state, 'a', atMs))
    expect(history.apply(dropShards(history.state, 'a', [1]))).toBe('stale')
    expect(history.apply(dropShards(history.state, 'a', [7]))).toBe('stale')
    const before = history.state
    expect(history.apply(dropShards(history.state, 'a', [0]))).toBe('applied')
    expect(history.stream.shards.map(({ index }) => index)).toEqual([1, 2])
    // It is the same stream all the same.
    expect(difference(before, history.state).map(({ kind }) => kind)).toEqual(['setRetention'])
  })

  it.each([
    ['closes nothing', { closes: [] }],
    ['closes in no order', { closes: [2, 1] }],
    ['opens what is no shard', { opens: [{ index: 1 }] }],
    ['leads to half a shard', { targetShards: 0.5 }],
    ['starts no scaling', { startsScaling: false }],
  ])('is refused when it is read back: %s', (_what, wrong) => {
    const command = { ...beginReshard(created().state, 'a'), ...wrong } as Command
    expect(() => decodeRecord(encodeRecord({ kind: 'command', ordinal: 1, command }), 1)).toThrow(
      expect.objectContaining({ code: 'ERR_MILLRACE_CORRUPT' }),
    )
  })
})
