import * as fc from 'fast-check'
import type { Entry } from '../../model/batch.ts'
import type { PageLimits } from '../traffic.ts'

/**
 * One call of a random sequence. Places are counted in records appended so far (modulo their number and some
 * beyond), so that a sequence makes sense for any log, also one that leaves gaps between its offsets.
 */
export type Step =
  | {
      readonly call: 'append'
      readonly entries: readonly Entry[]
      readonly stepMs: number
      readonly skip: number
    }
  | { readonly call: 'read'; readonly place: number; readonly limits: PageLimits }
  | { readonly call: 'seek'; readonly backMs: number }
  | { readonly call: 'wait' | 'trim'; readonly place: number }
  | { readonly call: 'seal' | 'flush' | 'stats' | 'reopenLog' | 'reopenEngine' }

const entry: fc.Arbitrary<Entry> = fc.record(
  {
    key: fc.string({ maxLength: 20, unit: 'grapheme' }),
    data: fc.uint8Array({ maxLength: 300 }),
    hashKey: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
    flags: fc.constantFrom(0, 2, 4, 6),
  },
  { requiredKeys: ['key', 'data'] },
)
const place = fc.nat({ max: 200 })
const limits = fc.record({ maxBytes: fc.nat({ max: 2_000 }), maxRecords: fc.integer({ min: 1, max: 100 }) })

function called<const Name extends Step['call']>(name: Name): fc.Arbitrary<Name> {
  return fc.constant(name)
}

/** Any step; appends most often, a seal, after which nothing more is stored, most seldom. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      call: called('append'),
      entries: fc.array(entry, { maxLength: 30 }),
      stepMs: fc.integer({ min: -50, max: 100 }),
      skip: fc.nat({ max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ call: called('read'), place, limits }) },
  { weight: 3, arbitrary: fc.record({ call: called('seek'), backMs: fc.integer({ min: -5, max: 400 }) }) },
  { weight: 2, arbitrary: fc.record({ call: called('wait'), place }) },
  { weight: 2, arbitrary: fc.record({ call: called('trim'), place }) },
  {
    weight: 3,
    arbitrary: fc.record({ call: fc.constantFrom('flush', 'stats', 'reopenLog', 'reopenEngine') }),
  },
  { weight: 1, arbitrary: fc.record({ call: called('seal') }) },
)
