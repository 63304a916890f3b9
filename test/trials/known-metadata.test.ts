import { expect, it } from 'vitest'
// @ts-expect-error -- a program of plain JavaScript, without declarations
import * as metadata from './known-metadata.mjs'

const { anything, Known } = metadata

it('what was begun may be so at any later look, also behind what was begun before it', () => {
  const known = new Known('one shard')
  known.begins('two shards')
  known.begins('three shards')
  expect(known.see('two shards')).toBe(true)
  expect(known.see('one shard')).toBe(false)
  expect(known.see('three shards')).toBe(true)
  expect(known.see('two shards')).toBe(false)
})

it('what was acknowledged is so, and nothing that was begun before', () => {
  const known = new Known('one shard')
  known.begins('two shards')
  known.begins('three shards')
  known.isNow('three shards')
  expect(known.see('two shards')).toBe(false)
  expect(known.see('three shards')).toBe(true)
})

it('what was refused is not, unless it was begun once more', () => {
  const known = new Known('one shard')
  known.begins('two shards')
  known.begins('two shards')
  known.stays('two shards')
  expect(known.see('two shards')).toBe(true)
  known.begins('three shards')
  known.stays('three shards')
  expect(known.see('three shards')).toBe(false)
})

it('what goes on by itself shows one thing after the other until it is acknowledged', () => {
  const known = new Known('three shards')
  known.begins(anything)
  expect([known.see('two shards'), known.see('one shard')]).toEqual([true, true])
  known.isNow('one shard')
  expect(known.see('two shards')).toBe(false)
})
