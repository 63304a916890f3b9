import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PartedMap } from '../../src/meta/parted-map.ts'
import type { StreamState } from '../../src/meta/state.ts'
import { keyOf } from './history.ts'

function stream(revision: number): StreamState {
  return {
    key: keyOf('s'),
    revision,
    createdAtMs: 0,
    retentionHours: 24,
    hiddenBeforeMs: 0,
    maxRecordBytes: 1,
    shards: [],
  }
}

describe('a parted map', () => {
  it('holds what a map holds after any changes, and so does each map before', () => {
    const change = fc.tuple(fc.string({ maxLength: 2 }), fc.option(fc.nat()))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const expected = new Map<string, StreamState>()
        const moments: [PartedMap<StreamState>, Map<string, StreamState>][] = []
        let map = PartedMap.empty<StreamState>()
        for (const [id, revision] of changes) {
          if (revision === null) expected.delete(id)
          else expected.set(id, stream(revision))
          map = revision === null ? map.without(id) : map.with(id, stream(revision))
          moments.push([map, new Map(expected)])
        }
        for (const [moment, then] of moments) {
          expect(new Map(moment)).toEqual(then)
          expect(moment.size).toBe(then.size)
          expect(new Set(moment.keys())).toEqual(new Set(then.keys()))
          expect([...moment.values()]).toHaveLength(then.size)
          for (const [id] of changes)
            expect([moment.has(id), moment.get(id)]).toEqual([then.has(id), then.get(id)])
        }
      }),
    )
  })

  it('takes over another map, and itself as it is', () => {
    const map = PartedMap.from(new Map([['a', stream(1)]]))
    expect([...map]).toEqual([['a', stream(1)]])
    expect(PartedMap.from(map)).toBe(map)
  })

  it('calls back for each value', () => {
    const map = PartedMap.empty<StreamState>().with('a', stream(1)).with('b', stream(2))
    const seen = new Map<string, StreamState>()
    map.forEach((value, id, self) => {
      expect(self).toBe(map)
      seen.set(id, value)
    })
    expect(seen).toEqual(new Map(map))
  })
})
