import type { ShardSpec } from '../meta/commands.ts'
import type { StreamState } from '../meta/state.ts'
import type { Shard } from './shard.ts'
import { ShardMap } from './shard-map.ts'

const none: readonly never[] = []

/**
 * The shards that a stream has at one moment, and how they descend from each other. A change makes a new table; the
 * shards that both have are the same objects.
 */
export class ShardTable {
  /** By index: the open ones, and closed ones until they are dropped. */
  readonly all: readonly Shard[]
  readonly open: ShardMap
  /** What the metadata says of them. */
  readonly specs: readonly ShardSpec[]
  /** By the index of a parent. Nothing for a stream that was never resharded. */
  readonly #children: ReadonlyMap<number, readonly Shard[]> | undefined

  private constructor(specs: readonly ShardSpec[], all: readonly Shard[], open: ShardMap) {
    this.specs = specs
    this.all = all
    this.open = open
    this.#children = childrenIn(all)
  }

  /** @param make a shard that is used for the first time */
  static of(specs: readonly ShardSpec[], make: (spec: ShardSpec) => Shard): ShardTable {
    const all = specs.map(make)
    return new ShardTable(specs, all, new ShardMap(all.filter((shard) => !shard.closed)))
  }

  /** The table of a later moment; shards that it lacks are marked as dropped. */
  next(specs: readonly ShardSpec[], make: (spec: ShardSpec) => Shard): ShardTable {
    const all = specs.map((spec) => {
      const known = this.at(spec.index)
      if (known === undefined) return make(spec)
      known.update(spec)
      return known
    })
    const open = all.filter((shard) => !shard.closed)
    const before = this.open.open
    const same = open.length === before.length && before.every((shard) => !shard.closed)
    const table = new ShardTable(specs, all, same ? this.open : new ShardMap(open))
    for (const shard of this.all) if (table.at(shard.index) === undefined) shard.dropped = true
    return table
  }

  /** The shard with this index, unless the stream has it not yet or no longer. */
  at(index: number): Shard | undefined {
    // Until the first one is dropped, a shard lies where its index says.
    const guess = this.all[index]
    return guess?.index === index ? guess : found(this.all, index)
  }

  /** The shards that took over from this one, as far as they are known: two after a split, one after a merge. */
  childrenOf(index: number): readonly Shard[] {
    return this.#children?.get(index) ?? none
  }

  /** The next shard's index: every one below it was there once. */
  get nextIndex(): number {
    return (this.all.at(-1)?.index ?? -1) + 1
  }
}

function childrenIn(all: readonly Shard[]): ReadonlyMap<number, readonly Shard[]> | undefined {
  let children: Map<number, Shard[]> | undefined
  for (const shard of all) {
    for (const parent of shard.spec.parents ?? none) {
      children ??= new Map()
      const siblings = children.get(parent)
      if (siblings === undefined) children.set(parent, [shard])
      else siblings.push(shard)
    }
  }
  return children
}

function found(all: readonly Shard[], index: number): Shard | undefined {
  let low = 0
  let high = all.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((all[middle] as Shard).index < index) low = middle + 1
    else high = middle
  }
  return all[low]?.index === index ? all[low] : undefined
}

/** Whether all that a shard may hold is past retention: then it is listed and read no longer. */
export function isExpired(spec: ShardSpec, horizonMs: number): boolean {
  return spec.closedAtMs !== undefined && spec.closedAtMs < horizonMs
}

/** Whether the shards of a stream are changing: splits and merges are refused until that is over. */
export function isResharding(state: Pick<StreamState, 'resharding' | 'targetShards'>): boolean {
  return state.resharding !== undefined || state.targetShards !== undefined
}
