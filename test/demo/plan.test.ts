import { describe, expect, it } from 'vitest'
import { Catalog } from '../../examples/flights/catalog.ts'
import { emptyChain, extendChain } from '../../examples/flights/fingerprint.ts'
import { planFor } from '../../examples/flights/plan.ts'
import { judge } from '../../examples/flights/verdict.ts'

/** Six rows over two shards: 0 1 0 0 1 0, with fingerprints 10 to 15. */
const catalog = new Catalog(
  { shardOf: Uint8Array.of(0, 1, 0, 0, 1, 0), fingerprints: Uint32Array.of(10, 11, 12, 13, 14, 15) },
  2,
)

function chain(...fingerprints: number[]): number {
  return fingerprints.reduce(extendChain, emptyChain)
}

describe('the catalog', () => {
  it('chains each shard over all replays, from the records that are skipped on', () => {
    expect(catalog.stretches([6, 3], [0, 0])).toEqual([
      { records: 6, chain: chain(10, 12, 13, 15, 10, 12) },
      { records: 3, chain: chain(11, 14, 11) },
    ])
    expect(catalog.stretches([6, 3], [5, 1])).toEqual([
      { records: 1, chain: chain(12) },
      { records: 2, chain: chain(14, 11) },
    ])
  })
})

describe('a chain', () => {
  it('depends on content and on order', () => {
    const chains = [chain(), chain(0), chain(0, 0), chain(1, 2), chain(2, 1), chain(1, 2, 3)]
    expect(new Set(chains).size).toBe(chains.length)
  })
})

describe('the plan', () => {
  it.each([
    {
      what: 'nothing to do after complete replays',
      announced: [6, 3],
      stored: [6, 3],
      plan: { kind: 'nothing' },
    },
    {
      what: 'to finish a replay of which nothing was stored',
      announced: [6],
      stored: [0, 0],
      plan: { kind: 'finish', rows: 6, stored: [0, 0] },
    },
    {
      what: 'to finish a replay that ended between the shards of a batch',
      announced: [6, 6],
      stored: [5, 4],
      plan: { kind: 'finish', rows: 6, stored: [1, 2] },
    },
    {
      what: 'refused when a finished replay lacks records',
      announced: [6, 6],
      stored: [3, 2],
      plan: { kind: 'refuse' },
    },
    {
      what: 'refused when there is more than was announced',
      announced: [6],
      stored: [4, 3],
      plan: { kind: 'refuse' },
    },
  ])('is $what', ({ announced, stored, plan }) => {
    expect(planFor(announced, stored, catalog)).toMatchObject(plan)
  })
})

describe('a verdict', () => {
  const wanted = [
    { records: 2, chain: 7 },
    { records: 0, chain: 1 },
  ]

  it('holds when every shard is the same', () => {
    expect(judge(wanted, wanted).holds).toBe(true)
  })

  it.each([
    { what: 'a missing record', seen: [{ records: 1, chain: 7 }, wanted[1]], says: 'shard 0 gave 1 records' },
    { what: 'another chain', seen: [wanted[0], { records: 0, chain: 2 }], says: 'shard 1 differs' },
    { what: 'a missing shard', seen: [wanted[0]], says: 'shard 1 differs' },
    { what: 'a shard too many', seen: [...wanted, { records: 0, chain: 1 }], says: 'from 3 shards' },
  ])('does not hold with $what', ({ seen, says }) => {
    const verdict = judge(seen as typeof wanted, wanted)
    expect(verdict.holds).toBe(false)
    expect(verdict.why).toContain(says)
  })
})
