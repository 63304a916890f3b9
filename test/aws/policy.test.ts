import { describe, expect, it } from 'vitest'
import { Policy } from '../../src/aws/policy.ts'

describe('a policy', () => {
  it.each([
    ['clicks', 'clicks', true],
    ['clicks', 'clicks2', false],
    ['clicks', 'click', false],
    ['clicks*', 'clicks', true],
    ['clicks*', 'clicks-eu', true],
    ['clicks*', 'my-clicks', false],
    ['*clicks', 'my-clicks', true],
    ['a*b*c', 'a1b2c', true],
    ['a*b*c', 'abcb', false],
    ['a.b', 'axb', false],
    ['*', 'anything', true],
    ['**', 'anything', true],
    ['a*', '', false],
  ])('of %s matches %s: %s', (streams, name, matches) => {
    expect(new Policy([{ allow: 'read', streams }]).allows('read', name)).toBe(matches)
  })

  it('takes no time that explodes for a pattern of many stars', () => {
    const policy = new Policy([{ allow: 'read', streams: `${'*a'.repeat(60)}*b` }])
    expect(policy.allows('read', 'a'.repeat(128))).toBe(false)
  })

  it.each([
    ['read', 'read', true],
    ['read', 'write', false],
    ['read', 'admin', false],
    ['write', 'read', false],
    ['write', 'write', true],
    ['write', 'admin', false],
    ['admin', 'read', true],
    ['admin', 'write', true],
    ['admin', 'admin', true],
    ['read', 'any', true],
    ['write', 'any', true],
  ] as const)('that allows %s answers for %s: %s', (allow, access, allowed) => {
    const policy = new Policy([{ allow, streams: 'clicks' }])
    expect(policy.allows(access, 'clicks')).toBe(allowed)
    expect(policy.allows(access, 'orders')).toBe(false)
    expect(policy.allowsAll(access)).toBe(false)
  })

  it('covers every stream only by a star', () => {
    const policy = new Policy([
      { allow: 'read', streams: '*' },
      { allow: 'write', streams: 'a*' },
    ])
    expect([policy.allowsAll('read'), policy.allowsAll('write'), policy.allowsAll('any')]).toEqual([
      true,
      false,
      true,
    ])
  })

  it('does not add up grants of different patterns', () => {
    const policy = new Policy([
      { allow: 'read', streams: 'a' },
      { allow: 'write', streams: 'b' },
    ])
    expect([policy.allows('write', 'a'), policy.allows('read', 'b')]).toEqual([false, false])
  })
})
