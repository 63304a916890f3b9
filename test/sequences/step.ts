import * as fc from 'fast-check'
import { anyChange, type Change } from './change.ts'
import type { Payload } from './payload.ts'

/** How a store is opened. */
export type Mode = 'process' | 'commit' | 'commit, shown early' | 'interval' | 'none'

/** A record to be stored. */
export interface Entry {
  readonly key: string
  readonly payload: Payload
  readonly hashKey?: string | undefined
}

/**
 * Where a read begins. Places count the records of a stream that were ever stored, modulo their number, so that a
 * sequence makes sense however it is shortened.
 */
export type Start =
  | { readonly from: 'oldest' | 'latest' }
  | { readonly from: 'sequence'; readonly place: number; readonly inclusive: boolean }
  | { readonly from: 'each shard'; readonly places: readonly number[]; readonly inclusive: boolean }
  | { readonly from: 'time'; readonly place: number; readonly plusMs: number }
  | { readonly from: 'age'; readonly agoMs: number }

/** By which call records are read. */
export type Via = 'read' | 'readBatches' | 'reuse' | 'lease' | 'readable' | 'readableStream'

/** What of a segment that lies behind a tear is left when the system dies. */
export type Behind = 'whole' | 'zeros' | 'nothing'

/** One call of a sequence, or something that happens to the store. `stream` counts those there are, modulo. */
export type Step =
  | {
      readonly do: 'create'
      readonly name: string
      readonly shards: number
      readonly retentionHours: number
      readonly maxMiB: number
    }
  | { readonly do: 'delete'; readonly stream: number }
  | { readonly do: 'put'; readonly stream: number; readonly entry: Entry }
  | { readonly do: 'append'; readonly stream: number; readonly entry: Entry }
  | {
      readonly do: 'putTogether' | 'putBatch' | 'writable' | 'writableStream'
      readonly stream: number
      readonly entries: readonly Entry[]
    }
  | { readonly do: 'refused'; readonly stream: number; readonly entry: Entry; readonly fault: Fault }
  | {
      readonly do: 'read'
      readonly stream: number
      readonly start: Start
      readonly via: Via
      readonly shard: number | undefined
      readonly batchBytes: number
      readonly skip: boolean
      readonly beside: boolean
    }
  | {
      readonly do: 'get' | 'getSync'
      readonly stream: number
      readonly place: number
      readonly beside: boolean
    }
  | { readonly do: 'tail'; readonly stream: number; readonly latest: boolean; readonly beside: boolean }
  | { readonly do: 'stats' | 'flush'; readonly stream: number }
  | {
      readonly do: 'split'
      readonly stream: number
      readonly shard: number
      /** Where, in sixteenths of its hash keys. */
      readonly share: number
    }
  | { readonly do: 'merge'; readonly stream: number; readonly shard: number }
  | {
      readonly do: 'scale'
      readonly stream: number
      /** To how many open shards, in eighths of those there are. */
      readonly eighths: number
    }
  | { readonly do: 'change'; readonly stream: number; readonly change: Change }
  | { readonly do: 'flood'; readonly stream: number }
  | { readonly do: 'setRetention'; readonly stream: number; readonly hours: number }
  | { readonly do: 'list'; readonly beside: boolean }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'reopen'; readonly mode: Mode }
  | { readonly do: 'processDies'; readonly mode: Mode }
  | {
      readonly do: 'systemDies'
      readonly mode: Mode
      /** How much of what was not durable is gone. */
      readonly torn: number
      readonly behind: Behind
      readonly lookFirst: boolean
    }
  | { readonly do: 'openReader' | 'closeReader' }

/** What is wrong with an entry that must be refused. */
export type Fault = 'too large' | 'empty key' | 'long key' | 'lone surrogate' | 'hash key' | 'unknown option'

/** Prints as one writes it. */
const record = <T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>

const hourMs = 3_600_000
const kibibyte = 1024

export const anyMode: fc.Arbitrary<Mode> = fc.constantFrom(
  'process',
  'commit',
  'commit, shown early',
  'interval',
  'none',
)

/** Mostly small; around cells of the index, and up to more than a first segment has room for. */
const size: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 30, arbitrary: fc.nat({ max: 300 }) },
  { weight: 6, arbitrary: fc.nat({ max: 20 * kibibyte }) },
  { weight: 3, arbitrary: fc.integer({ min: 16 * kibibyte - 80, max: 16 * kibibyte + 8 }) },
  { weight: 2, arbitrary: fc.integer({ min: 100 * kibibyte, max: 600 * kibibyte }) },
  { weight: 1, arbitrary: fc.integer({ min: 900 * kibibyte, max: 1300 * kibibyte }) },
)
const key = fc.oneof(
  { weight: 8, arbitrary: fc.nat({ max: 9 }).map((index) => `key-${index}`) },
  { weight: 2, arbitrary: fc.string({ minLength: 1, maxLength: 256, unit: 'binary', size: 'max' }) },
  { weight: 1, arbitrary: fc.constantFrom('x'.repeat(256), '\u{1f600}'.repeat(256), '\0') },
)
const hashKey = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
        fc.constantFrom(0n, 2n ** 126n - 1n, 2n ** 126n, 2n ** 127n - 1n, 2n ** 127n, 2n ** 128n - 1n),
      )
      .map(String),
  },
)
const entry: fc.Arbitrary<Entry> = record({
  key,
  payload: record({ bytes: size, fill: fc.nat({ max: 99 }) }),
  hashKey,
})
const entries = fc.array(entry, { minLength: 1, maxLength: 12, size: 'max' })

const stream = fc.nat({ max: 5 })
const place = fc.nat({ max: 200 })
const start: fc.Arbitrary<Start> = fc.oneof(
  record({ from: fc.constantFrom('oldest', 'oldest', 'latest') }),
  record({ from: fc.constant('sequence'), place, inclusive: fc.boolean() }),
  record({
    from: fc.constant('each shard'),
    places: fc.array(place, { minLength: 1, maxLength: 4 }),
    inclusive: fc.boolean(),
  }),
  record({ from: fc.constant('time'), place, plusMs: fc.integer({ min: -2, max: 2 }) }),
  record({ from: fc.constant('age'), agoMs: fc.integer({ min: -2, max: 50 * hourMs }) }),
)
const retentionHours = fc.constantFrom(24, 25, 48)
const passed = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 2_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 60_000, max: 2 * hourMs }) },
  { weight: 2, arbitrary: fc.integer({ min: 10 * hourMs, max: 26 * hourMs }) },
)

function does<const Name extends Step['do']>(...names: Name[]): fc.Arbitrary<Name> {
  return fc.constantFrom(...names)
}

/** The first step of every sequence, or a later one. */
export const create = record({
  do: does('create'),
  name: fc.constantFrom('orders', '.', 'A-z_0.9'),
  shards: fc.constantFrom(1, 1, 2, 3, 4),
  retentionHours,
  maxMiB: fc.constantFrom(1, 10),
})

export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: create },
  { weight: 2, arbitrary: record({ do: does('delete'), stream }) },
  { weight: 4, arbitrary: record({ do: does('put'), stream, entry }) },
  { weight: 4, arbitrary: record({ do: does('append'), stream, entry }) },
  {
    weight: 12,
    arbitrary: record({
      do: does('putTogether', 'putBatch', 'putBatch', 'writable', 'writableStream'),
      stream,
      entries,
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      do: does('refused'),
      stream,
      entry,
      fault: fc.constantFrom(
        'too large',
        'empty key',
        'long key',
        'lone surrogate',
        'hash key',
        'unknown option',
      ),
    }),
  },
  {
    weight: 14,
    arbitrary: record({
      do: does('read'),
      stream,
      start,
      via: fc.constantFrom('read', 'readBatches', 'reuse', 'lease', 'readable', 'readableStream'),
      shard: fc.option(fc.nat({ max: 3 }), { nil: undefined, freq: 3 }),
      batchBytes: fc.constantFrom(1, 1_000, 64 * kibibyte, 1024 * kibibyte),
      skip: fc.boolean(),
      beside: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: record({ do: does('get', 'getSync'), stream, place, beside: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: record({ do: does('tail'), stream, latest: fc.boolean(), beside: fc.boolean() }),
  },
  { weight: 5, arbitrary: record({ do: does('stats', 'flush'), stream }) },
  { weight: 3, arbitrary: record({ do: does('setRetention'), stream, hours: retentionHours }) },
  {
    weight: 3,
    arbitrary: record({
      do: does('split'),
      stream,
      shard: fc.nat({ max: 9 }),
      share: fc.integer({ min: 1, max: 15 }),
    }),
  },
  { weight: 3, arbitrary: record({ do: does('merge'), stream, shard: fc.nat({ max: 9 }) }) },
  { weight: 2, arbitrary: record({ do: does('scale'), stream, eighths: fc.integer({ min: 3, max: 17 }) }) },
  { weight: 9, arbitrary: record({ do: does('change'), stream, change: anyChange }) },
  { weight: 1, arbitrary: record({ do: does('flood'), stream }) },
  { weight: 3, arbitrary: record({ do: does('list'), beside: fc.boolean() }) },
  { weight: 7, arbitrary: record({ do: does('pass'), ms: passed }) },
  { weight: 2, arbitrary: record({ do: does('reopen'), mode: anyMode }) },
  { weight: 2, arbitrary: record({ do: does('processDies'), mode: anyMode }) },
  {
    weight: 3,
    arbitrary: record({
      do: does('systemDies'),
      mode: anyMode,
      torn: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
      behind: fc.constantFrom('whole', 'zeros', 'nothing'),
      lookFirst: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: record({ do: does('openReader', 'openReader', 'closeReader') }) },
)
