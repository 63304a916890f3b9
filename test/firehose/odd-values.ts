function hostile(): never {
  throw new Proxy({}, { get: hostile, getPrototypeOf: hostile })
}

const revoked = Proxy.revocable({}, {})
revoked.revoke()

/** What programs of users throw, against all custom. */
export const oddValues: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a text', 'just text'],
  ['a symbol', Symbol('odd')],
  ['a bigint', 7n],
  ['an object without a prototype', Object.create(null)],
  ['a frozen error', Object.freeze(new Error('frozen'))],
  ['an error whose message is none', Object.assign(new Error('x'), { message: { toString: hostile } })],
  ['a getter that throws', Object.defineProperty({}, 'message', { get: hostile })],
  ['a proxy that throws', new Proxy(new Error('x'), { get: hostile, getPrototypeOf: hostile, has: hostile })],
  ['a proxy that is revoked', revoked.proxy],
]
