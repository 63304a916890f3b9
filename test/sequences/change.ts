import * as fc from 'fast-check'

/** Something that is set of a stream, or a consumer that comes or goes. */
export type Change =
  | { readonly set: 'register'; readonly name: string; readonly tag: string }
  | { readonly set: 'deregister'; readonly name: string }
  | { readonly set: 'tag'; readonly key: string; readonly value: string }
  | { readonly set: 'untag'; readonly key: string }
  | { readonly set: 'policy' | 'encryption'; readonly value: string | undefined }
  | { readonly set: 'monitoring'; readonly on: boolean }
  | { readonly set: 'mode'; readonly mode: 'PROVISIONED' | 'ON_DEMAND' }
  | { readonly set: 'maxRecordBytes'; readonly mebibytes: number }

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g')
const value = fc.constantFrom('x', 'y', 'z')
const key = fc.constantFrom('k', 'l')
const some = fc.option(fc.constantFrom('{"Id":"x"}', '{"Id":"y"}'), { nil: undefined })

export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: plain({ set: fc.constant('register' as const), name, tag: value }) },
  { weight: 4, arbitrary: plain({ set: fc.constant('deregister' as const), name }) },
  { weight: 2, arbitrary: plain({ set: fc.constant('tag' as const), key, value }) },
  { weight: 1, arbitrary: plain({ set: fc.constant('untag' as const), key }) },
  {
    weight: 3,
    arbitrary: plain({ set: fc.constantFrom('policy' as const, 'encryption' as const), value: some }),
  },
  { weight: 2, arbitrary: plain({ set: fc.constant('monitoring' as const), on: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: plain({
      set: fc.constant('mode' as const),
      mode: fc.constantFrom('PROVISIONED' as const, 'PROVISIONED' as const, 'ON_DEMAND' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: plain({ set: fc.constant('maxRecordBytes' as const), mebibytes: fc.constantFrom(1, 2, 10) }),
  },
)

function plain<T>(model: { [Key in keyof T]: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}
