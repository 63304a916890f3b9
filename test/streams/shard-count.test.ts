import { describe, expect, it } from 'vitest'
import type { ShardSpec } from '../../src/meta/commands.ts'
import { evenSplit, hashKeyMax } from '../../src/streams/hash-key.ts'
import { isOpen } from '../../src/streams/reshard-plan.ts'
import { nextScalingStep } from '../../src/streams/shard-count.ts'

const slot = { kind: 'test' }

function shardsOf(count: number): readonly ShardSpec[] {
  return evenSplit(count).map(({ start, end }, index) => ({
    index,
    startingHashKey: start.toString(),
    endingHashKey: end.toString(),
    createdAtSeconds: 1,
    slot,
  }))
}

/** All shards that there are once no step is left. */
function scaled(before: readonly ShardSpec[], target: number): readonly ShardSpec[] {
  const plan = nextScalingStep(before, target)
  if (plan === undefined) return before
  const closes = new Set(plan.closes)
  const kept = before.map((spec) => (closes.has(spec.index) ? { ...spec, closedAtMs: 1 } : spec))
  const opened = plan.opens.map((planned, place) => ({
    index: before.length + place,
    createdAtSeconds: 1,
    slot,
    ...planned,
  }))
  return scaled([...kept, ...opened], target)
}

describe('the steps to another number of shards', () => {
  // What AWS leaves (texts and totals of a peer's tests on AWS).
  it.each([
    [2, 4, 6],
    [4, 5, 15],
    [10, 13, 37],
    [4, 2, 6],
    [5, 3, 7],
    [10, 3, 17],
  ])('from %i to %i leave %i shards, the closed ones with them', (start, target, total) => {
    const after = scaled(shardsOf(start), target)
    expect(after).toHaveLength(total)
    expect(after.filter(isOpen)).toHaveLength(target)
  })

  it('leave no gap and no overlap in the hash keys, whatever the numbers', () => {
    for (let start = 1; start <= 12; start++) {
      for (let target = 1; target <= 2 * start; target++) {
        const open = scaled(shardsOf(start), target)
          .filter(isOpen)
          .map((spec) => [BigInt(spec.startingHashKey), BigInt(spec.endingHashKey)] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1))
        expect(open).toHaveLength(target)
        let next = 0n
        for (const [first, last] of open) {
          expect(first).toBe(next)
          next = last + 1n
        }
        expect(next).toBe(hashKeyMax + 1n)
      }
    }
  })

  it('close a shard before they open what takes over, and name the lower parent first', () => {
    const plan = nextScalingStep(shardsOf(4), 2)
    expect(plan?.closes).toEqual([0, 1, 2, 3])
    expect(plan?.opens.map(({ parents }) => parents)).toEqual([
      [0, 1],
      [2, 3],
    ])
  })
})
