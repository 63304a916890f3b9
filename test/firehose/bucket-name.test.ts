import { describe, expect, it } from 'vitest'
import { bucketNamePattern } from '../../src/firehose/bucket-name.ts'

describe('the name of a bucket', () => {
  it.each(['abc', 'a-b.c', '0a0', 'x'.repeat(63), '192.168.5', '1.2.3.4.5', 'xn-a'])('can be %s', (name) => {
    expect(name).toMatch(bucketNamePattern)
  })

  it.each([
    'ab',
    'x'.repeat(64),
    'Abc',
    'a_c',
    'a/c',
    '-abc',
    'abc.',
    'a..c',
    '...',
    '192.168.5.4',
    'a c',
    'abc\n',
  ])('cannot be %j', (name) => {
    expect(name).not.toMatch(bucketNamePattern)
  })
})
