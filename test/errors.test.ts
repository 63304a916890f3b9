import { describe, expect, it } from 'vitest'
import { invalidArgument } from '../src/errors.ts'

const messageFor = (value: unknown): string => invalidArgument('x', value, 'a number').message

describe('the message about a refused value', () => {
  it.each([
    ['a text', 'one', 'x must be a number, got "one"'],
    ['a BigInt', 1n, 'x must be a number, got 1n'],
    ['nothing', undefined, 'x must be a number, got undefined'],
    ['a symbol', Symbol('s'), 'x must be a number, got Symbol(s)'],
    ['an array', [1, 2], 'x must be a number, got an array of 2'],
    ['an object', new Map(), 'x must be a number, got an object (Map)'],
    ['an object without a class', Object.create(null), 'x must be a number, got an object (no class)'],
  ])('shows %s', (_, value, message) => {
    expect(messageFor(value)).toBe(message)
  })

  it('shows the beginning of a long text only', () => {
    expect(messageFor('long '.repeat(1000)).length).toBeLessThan(120)
  })

  it('does not show the source of a function', () => {
    expect(messageFor(() => 'its source')).toBe('x must be a number, got a function')
  })

  it('is there even if the value withholds its class', () => {
    const withheld = Object.defineProperty({}, 'constructor', {
      get() {
        throw new Error('withheld')
      },
    })
    expect(messageFor(withheld)).toBe('x must be a number, got an object (no class)')
  })
})
