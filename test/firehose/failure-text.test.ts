import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { failureText } from '../../src/firehose/failure-text.ts'

const hostile = (): never => {
  throw new Error('hostile')
}
const revoked = Proxy.revocable({}, {})
revoked.revoke()

it.each<[string, unknown, string]>([
  ['an error', new Error('no'), 'no'],
  ['a frozen error', Object.freeze(new Error('no')), 'no'],
  ['an error of another realm', runInNewContext('new TypeError("no")'), 'no'],
  ['an error without a message', new TypeError(), 'TypeError'],
  ['nothing', undefined, 'undefined'],
  ['null', null, 'null'],
  ['a text', 'no', 'no'],
  ['an empty text', '', 'it has no text'],
  ['a symbol', Symbol('no'), 'Symbol(no)'],
  ['a bigint', 7n, '7'],
  ['an object that looks like an error', { message: 'no' }, 'no'],
  ['a message that is no text', { message: Symbol('no') }, 'Symbol(no)'],
  ['an object without a prototype', Object.create(null), 'it has no text'],
  ['a message that throws', { message: { toString: hostile } }, 'it has no text'],
  ['a text that is none', { toString: () => ({}) }, 'it has no text'],
  ['a getter that throws', Object.defineProperty({}, 'message', { get: hostile }), 'it has no text'],
  ['a proxy that throws', new Proxy({}, { get: hostile, getPrototypeOf: hostile }), 'it has no text'],
  ['a proxy that is revoked', revoked.proxy, 'it has no text'],
  ['a long text', 'x'.repeat(5000), 'x'.repeat(1000)],
])('has a text: %s', (_, thrown, text) => {
  expect(failureText(thrown)).toBe(text)
})
