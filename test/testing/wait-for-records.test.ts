import { AssertionError } from 'node:assert'
import { describe, expect, it } from 'vitest'
import { textCodec } from '../../src/streams/codec.ts'
import type { Stream } from '../../src/streams/stream.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { type TestStore, testStore } from '../../src/testing/test-store.ts'
import { waitForRecords, type WaitForRecordsOptions } from '../../src/testing/wait-for-records.ts'

async function wordsIn(store: TestStore): Promise<Stream<string>> {
  return store.createStream('words', { shards: 2, codec: textCodec })
}

async function failureOf(wait: Promise<unknown>): Promise<AssertionError> {
  const error = await wait.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AssertionError)
  return error as AssertionError
}

function isOne({ data }: { readonly data: string }): boolean {
  return data === 'one'
}

function refusing(): boolean {
  throw new Error('on purpose')
}

describe('waitForRecords', () => {
  it('answers at once when the records are there', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    await stream.put('a', 'one')
    await stream.put('a', 'two')
    const found = await waitForRecords(stream, { count: 1 })
    expect(found.map(({ data }) => data)).toEqual(['one'])
  })

  it('waits for records that are put later', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    const waiting = waitForRecords(stream, { count: 2 })
    await stream.put('a', 'one')
    await store.advance({ hours: 1 })
    await stream.put('a', 'two')
    expect((await waiting).map(({ data }) => data)).toEqual(['one', 'two'])
  })

  it('counts only what matches', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    const waiting = waitForRecords(stream, { count: 1, where: ({ data }) => data.startsWith('t') })
    for (const word of ['one', 'two', 'three']) await stream.put('a', word)
    expect((await waiting).map(({ data }) => data)).toEqual(['two'])
  })

  it('looks from the position that it is given', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    await stream.put('a', 'before')
    const waiting = waitForRecords(stream, { count: 1, position: { from: 'latest' } })
    await stream.put('a', 'after')
    expect((await waiting).map(({ data }) => data)).toEqual(['after'])
  })

  it('fails by the system clock though the store stands still, and says what there was', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    await stream.put('a', 'one')
    await stream.put('a', 'other')
    const failure = await failureOf(waitForRecords(stream, { count: 2, where: isOne, timeoutMs: 20 }))
    expect(failure.message).toMatch(
      /^waited 20 ms for 2 records of words that match, and found 1: a in shardId-\d+, 3 bytes, beside 1 record that/,
    )
    expect(failure).toMatchObject({ actual: 1, expected: 2, operator: 'waitForRecords' })
  })

  it('fails by the clock that it is given, and not before', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    const clock = new ManualClock()
    let failed = false
    const failing = failureOf(waitForRecords(stream, { count: 1, timeoutMs: 60_000, clock }))
    void failing.then(() => (failed = true))
    await clock.advance(59_999)
    expect(failed).toBe(false)
    await clock.advance(1)
    expect((await failing).message).toBe(
      'waited 60000 ms of the given clock for 1 record of words, and found 0',
    )
  })

  it('leaves no timer behind', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    const { clock } = store
    const before = clock.pending
    const waiting = waitForRecords(stream, { count: 1, clock })
    expect(clock.pending).toBe(before + 1)
    const stored = await stream.put('a', 'one')
    await waiting
    expect(stored.ok).toBe(true)
    expect(clock.pending).toBe(before + 1) // the record's expiry
  })

  it('ends when its signal says so, with the reason', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    const abort = new AbortController()
    const waiting = waitForRecords(stream, { count: 1, signal: abort.signal })
    abort.abort('enough')
    await expect(waiting).rejects.toBe('enough')
    await expect(waitForRecords(stream, { count: 1, signal: AbortSignal.abort('early') })).rejects.toBe(
      'early',
    )
  })

  it('ends when the stream or the store does', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    const waiting = waitForRecords(stream, { count: 1 })
    const ended = expect(waiting).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    await store.deleteStream('words')
    await ended
  })

  it('passes on what `where` throws', async () => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    await stream.put('a', 'one')
    await expect(waitForRecords(stream, { count: 1, where: refusing })).rejects.toThrow('on purpose')
  })

  it.each([
    [{}, /count must be an integer/],
    [{ count: 0 }, /count must be an integer from 1/],
    [{ count: 1, timeoutMs: 0 }, /timeoutMs must be an integer from 1/],
    [{ count: 1, timeout: 5 }, /"timeout" is not known/],
    [{ count: 1, where: 'all' }, /where must be a function/],
    [{ count: 1, clock: {} }, /clock must be an object with the methods/],
    [{ count: 1, position: { from: 'start' } }, /from must be 'oldest' or/],
  ])('refuses %o', async (options, message) => {
    await using store = await testStore()
    const stream = await wordsIn(store)
    await expect(waitForRecords(stream, options as WaitForRecordsOptions<string>)).rejects.toThrow(message)
  })
})
