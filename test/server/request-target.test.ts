import { describe, expect, it } from 'vitest'
import { targetOf } from '../../src/server/request-target.ts'

describe('the target of a request', () => {
  it.each([
    ['/', '/', ''],
    ['', '/', ''],
    ['*', '*', ''],
    ['/a/b?c=d?e', '/a/b', 'c=d?e'],
    ['?x', '/', 'x'],
    ['http://elsewhere:80/a?b', '/a', 'b'],
    ['http://elsewhere', '/', ''],
    ['http://elsewhere?b', '/', 'b'],
  ])('%j is %j and %j', (target, path, query) => {
    expect(targetOf(target)).toEqual({ path, query })
  })
})
