import { describe, expect, it } from 'vitest'
import { jsonForm } from '../../../src/aws/wire/json.ts'

describe('a blob in JSON', () => {
  it.each([
    ['', ''],
    ['YQ==', 'a'],
    ['YWI=', 'ab'],
    ['YWJj', 'abc'],
  ])('is base64: %j', (text, bytes) => {
    expect(Buffer.from(jsonForm.blob(text)).toString()).toBe(bytes)
  })

  it.each([
    ['YQ', 'Base64 encoded length is expected a multiple of 4 bytes but found: 2'],
    ['Y=Q=', "Invalid Base64 character: '='"],
    ['Y*Q=', "Invalid Base64 character: '*'"],
    ['YQ-_', "Invalid Base64 character: '-'"],
    ['YR==', 'Invalid last non-pad Base64 character detected'],
    ['YWJ=', 'Invalid last non-pad Base64 character detected'],
    ['====', 'Invalid'],
  ])('is refused for a wrong character, a wrong length, bits left over: %j', (text, reason) => {
    expect(() => jsonForm.blob(text)).toThrow(
      expect.objectContaining({ type: 'SerializationException', message: expect.stringContaining(reason) }),
    )
  })

  it.each([1, 1.5, true, {}, []])('is refused if it is no text: %j', (value) => {
    expect(() => jsonForm.blob(value)).toThrow(expect.objectContaining({ type: 'SerializationException' }))
  })
})

describe('a time in JSON', () => {
  it('is seconds with a fraction', () => {
    expect(jsonForm.timestamp(1_700_000_000.123)).toBe(1_700_000_000_123)
  })

  it('is no text', () => {
    expect(() => jsonForm.timestamp('2026-01-01')).toThrow(/can not be converted/)
  })
})
