import { describe, expect, it, vi } from 'vitest'
import type { SequenceNumber } from '../../src/streams/sequence-number.ts'
import type { Shard } from '../../src/streams/shard.ts'
import type { IteratorStart } from '../../src/streams/shard-iterator.ts'
import type { Subscription } from '../../src/streams/subscription.ts'
import type { SubscriptionEvent } from '../../src/streams/subscription-event.ts'
import type { SubscribeOptions } from '../../src/streams/subscriptions.ts'
import { coreOf, type Stream } from '../../src/streams/stream.ts'
import type { StreamCore } from '../../src/streams/stream-core.ts'
import { settled } from '../model/manual-clock.ts'
import { type Answers, bothAnswers, bytesOf, openSubject, type Subject } from './subject.ts'

const minuteMs = 60_000
const MiB = 1024 * 1024

interface Case extends Subject {
  readonly stream: Stream
  readonly core: StreamCore
  readonly shard: Shard
  subscribe(options?: Partial<SubscribeOptions>): Promise<Subscription>
}

async function oneShard(answers: Answers): Promise<Case> {
  const subject = await openSubject({ answers })
  const stream = await subject.store.createStream('s')
  const core = coreOf(stream)
  const shard = core.shards[0] as Shard
  const subscribe = async (options: Partial<SubscribeOptions> = {}): Promise<Subscription> =>
    core.subscriptions.open(shard, { consumer: 'c', start: { from: 'latest' }, ...options })
  return { ...subject, stream, core, shard, subscribe }
}

/** What has come of a subscription without anybody moving the clock. */
class Listener {
  readonly events: SubscriptionEvent[] = []
  over = false
  error: unknown

  constructor(subscription: Subscription) {
    void this.#listen(subscription)
  }

  get texts(): string[] {
    return this.events.flatMap(({ batches }) =>
      batches.flatMap((batch) => [...batch].map(({ data }) => new TextDecoder().decode(data))),
    )
  }

  async #listen(subscription: Subscription): Promise<void> {
    try {
      for await (const event of subscription) this.events.push(event)
    } catch (error) {
      this.error = error
    }
    this.over = true
  }
}

/** Lets everything that can happen at this moment happen. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settled()
}

describe.each(bothAnswers)('a subscription, engine answers %s', (answers) => {
  it('is pushed records when they are written, from its start on, while the clock stands still', async () => {
    const { stream, subscribe } = await oneShard(answers)
    await stream.put('k', bytesOf('before'))
    const latest = new Listener(await subscribe())
    const oldest = new Listener(await subscribe({ consumer: 'o', start: { from: 'oldest' } }))
    await quiet()
    expect([latest.texts, oldest.texts]).toEqual([[], ['before']])
    for (const text of ['a', 'b']) {
      const { sequenceNumber } = await stream.put('k', bytesOf(text))
      await quiet()
      expect(latest.events.at(-1)).toMatchObject({
        records: 1,
        continuationSequenceNumber: sequenceNumber,
        millisBehindLatest: 0,
      })
    }
    expect([latest.texts, oldest.texts]).toEqual([
      ['a', 'b'],
      ['before', 'a', 'b'],
    ])
    await stream.putBatch(['c', 'd'].map((text) => ({ partitionKey: 'k', data: bytesOf(text) })))
    await quiet()
    expect(latest.events.map(({ records }) => records)).toEqual([1, 1, 2])
  })

  it('fixes its start when it is opened', async () => {
    const { stream, subscribe } = await oneShard(answers)
    const subscription = await subscribe()
    await stream.put('k', bytesOf('x'))
    const { value } = await subscription.next()
    expect(value?.records).toBe(1)
    await subscription.return()
  })

  it('says every five seconds that nothing came, and where to resume', async () => {
    const { stream, clock, subscribe } = await oneShard(answers)
    const { sequenceNumber } = await stream.put('k', bytesOf('before'))
    const listener = new Listener(await subscribe())
    await clock.advance(4999)
    expect(listener.events).toEqual([])
    await clock.advance(1)
    await clock.advance(2000)
    await stream.put('k', bytesOf('x'))
    await quiet()
    await clock.advance(4999)
    expect(listener.events.map(({ records }) => records)).toEqual([0, 1])
    await clock.advance(1)
    await clock.advance(5000)
    expect(listener.events.map(({ records }) => records)).toEqual([0, 1, 0, 0])
    const numbers = listener.events.map((event) => event.continuationSequenceNumber as SequenceNumber)
    expect([sequenceNumber, ...numbers]).toEqual([sequenceNumber, ...numbers].toSorted())
    expect(new Set(numbers).size).toBe(4)
  })

  it('neither reads nor waits anew while nothing comes', async () => {
    const { stream, clock, subscribe, faults } = await oneShard(answers)
    const listener = new Listener(await subscribe())
    await clock.advance(5000)
    const [reads, waits] = [faults.calls('read'), faults.calls('wait')]
    await clock.advance(minuteMs)
    expect(listener.events.length).toBe(13)
    expect([faults.calls('read'), faults.calls('wait')]).toEqual([reads, waits])
    await stream.put('k', bytesOf('x'))
    await quiet()
    expect(listener.texts).toEqual(['x'])
    expect(listener.events.length).toBe(14)
  })

  it('shares its timer with others that are idle, and has none while nobody asks', async () => {
    const { core, shard, clock } = await oneShard(answers)
    const start: IteratorStart = { from: 'latest' }
    const open = async (consumer: string): Promise<Subscription> =>
      core.subscriptions.open(shard, { consumer, start })
    const all = await Promise.all(Array.from({ length: 20 }, async (_, index) => open(`c${index}`)))
    const listeners = all.map((subscription) => new Listener(subscription))
    await quiet()
    expect(clock.pending).toBe(1)
    await clock.advance(5000)
    expect([clock.pending, listeners.map(({ events }) => events.length)]).toEqual([1, Array(20).fill(1)])
    for (const subscription of all) await subscription.return()
    expect(clock.pending).toBe(0)
    const [unasked] = [await open('unasked')]
    const first = unasked.next()
    await clock.advance(5000)
    expect((await first).value?.records).toBe(0)
    expect(clock.pending).toBe(0)
  })

  it('can be resumed after any event, losing and repeating nothing', async () => {
    const { stream, clock, subscribe } = await oneShard(answers)
    let start: IteratorStart = { from: 'oldest' }
    const seen: string[] = []
    for (let round = 0; round < 6; round++) {
      const listener = new Listener(await subscribe({ start }))
      if (round % 3 !== 1) await stream.put('k', bytesOf(`r${round}`))
      await clock.advance(5000)
      const sequence = listener.events.at(-1)?.continuationSequenceNumber as string
      start = { from: 'sequence', sequence, inclusive: false }
      seen.push(...listener.texts)
      if (round === 1 || round === 2) await stream.put('k', bytesOf(`after ${round}`))
    }
    expect(seen).toEqual(['r0', 'after 1', 'r2', 'after 2', 'r3', 'r5'])
  })

  it('ends after five minutes', async () => {
    const { clock, subscribe } = await oneShard(answers)
    const subscription = await subscribe()
    const listener = new Listener(subscription)
    await clock.advance(5 * minuteMs - 1)
    expect([listener.over, listener.events.length]).toEqual([false, 59])
    await clock.advance(1)
    expect([listener.over, listener.error, subscription.end]).toEqual([true, undefined, 'expired'])
    expect(clock.pending).toBe(0)
    expect(listener.events.length).toBe(59)
  })

  it('ends although nobody asked for a while, with what it had not sent', async () => {
    const { stream, clock, subscribe } = await oneShard(answers)
    const subscription = await subscribe()
    await stream.put('k', bytesOf('x'))
    await clock.advance(5 * minuteMs)
    expect(subscription.over).toBe(true)
    expect(await subscription.next()).toEqual({ done: true, value: undefined })
    expect(subscription.end).toBe('expired')
  })

  // five seconds and taking over: AWS API model, SubscribeToShard
  it('cannot be opened again within five seconds, and is taken over after that', async () => {
    const { stream, clock, subscribe } = await oneShard(answers)
    const first = await subscribe()
    const listener = new Listener(first)
    await clock.advance(4999)
    await expect(subscribe()).rejects.toMatchObject({
      code: 'ERR_MILLRACE_SUBSCRIBED',
      details: { shardId: 'shardId-000000000000', consumer: 'c', leftMs: 1 },
    })
    expect(first.over).toBe(false)
    await clock.advance(1)
    const second = new Listener(await subscribe())
    await quiet()
    expect([listener.over, listener.error, first.end]).toEqual([true, undefined, 'superseded'])
    await stream.put('k', bytesOf('x'))
    await quiet()
    expect([listener.texts, second.texts]).toEqual([[], ['x']])
    await expect(subscribe()).rejects.toMatchObject({ code: 'ERR_MILLRACE_SUBSCRIBED' })
  })

  it('counts the five seconds from a success, also one that has ended since', async () => {
    const { clock, subscribe } = await oneShard(answers)
    const wrong: IteratorStart = { from: 'sequence', sequence: '1', inclusive: true }
    await expect(subscribe({ start: wrong })).rejects.toMatchObject({ details: { problem: 'malformed' } })
    const first = await subscribe()
    await first.return()
    await clock.advance(1000)
    await expect(subscribe()).rejects.toMatchObject({ details: { leftMs: 4000 } })
    await clock.advance(4000)
    expect((await subscribe()).over).toBe(false)
  })

  it('leaves other consumers and other shards alone, also when one is deregistered', async () => {
    const { store } = await openSubject({ answers })
    const core = coreOf(await store.createStream('s', { shards: 2 }))
    const open = async (shard: number, consumer: string): Promise<Subscription> =>
      core.subscriptions.open(core.shards[shard] as Shard, { consumer, start: { from: 'latest' } })
    const [a0, a1, b0] = await Promise.all([open(0, 'a'), open(1, 'a'), open(0, 'b')])
    const waiting = new Listener(a0)
    core.subscriptions.deregister('a')
    await quiet()
    expect([a0.end, a1.end, b0.end]).toEqual(['deregistered', 'deregistered', undefined])
    expect([waiting.over, waiting.error]).toEqual([true, undefined])
  })

  it('is opened once if it is opened twice at the same time', async () => {
    const { subscribe } = await oneShard(answers)
    const outcomes = await Promise.allSettled([subscribe(), subscribe()])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('ends at the end of its shard, with an event that names those that took over', async () => {
    const { stream, shard, subscribe, clock } = await oneShard(answers)
    const subscription = await subscribe()
    const listener = new Listener(subscription)
    await stream.put('k', bytesOf('x'))
    await quiet()
    await stream.splitShard(shard.id, '1000')
    await quiet()
    expect(listener.events.at(-1)).toMatchObject({ records: 0, continuationSequenceNumber: undefined })
    expect(listener.events.map(({ childShards }) => childShards.map(({ index }) => index))).toEqual([
      [],
      [1, 2],
    ])
    expect([listener.over, listener.error, subscription.end]).toEqual([true, undefined, 'shard-end'])
    expect(clock.pending).toBe(1) // the sweeper's, for what expires tomorrow
  })

  it('waits for those that take over, asleep', async () => {
    const { stream, shard, subscribe, clock, faults } = await oneShard(answers)
    const listener = new Listener(await subscribe())
    await (await shard.log()).seal()
    await quiet()
    const reads = faults.calls('read')
    await quiet()
    expect([listener.over, faults.calls('read')]).toEqual([false, reads])
    await clock.advance(5000)
    expect(listener.events.length).toBe(1)
    expect(listener.events[0]?.continuationSequenceNumber).toBeDefined()
    await stream.splitShard(shard.id, '1000')
    await quiet()
    expect(listener.over).toBe(true)
    expect(listener.events.at(-1)?.childShards.length).toBe(2)
  })

  it('ends with the reason of its signal', async () => {
    const { subscribe, clock } = await oneShard(answers)
    const abort = new AbortController()
    const listener = new Listener(await subscribe({ signal: abort.signal }))
    await quiet()
    abort.abort(new Error('enough'))
    await quiet()
    expect(listener.error).toEqual(new Error('enough'))
    expect(clock.pending).toBe(0)
    await clock.advance(5000)
    await expect(subscribe({ signal: abort.signal })).rejects.toThrow('enough')
  })

  it('ends when it is returned while it waits', async () => {
    const { subscribe, clock } = await oneShard(answers)
    const subscription = await subscribe()
    const next = subscription.next()
    await quiet()
    expect(clock.pending).toBe(1)
    await subscription.return()
    expect(await next).toEqual({ done: true, value: undefined })
    expect([subscription.end, clock.pending]).toEqual(['returned', 0])
  })

  it('ends when its stream is deleted, or the store closed', async () => {
    const { store, subscribe, core } = await oneShard(answers)
    const deleted = new Listener(await subscribe())
    const other = coreOf(await store.createStream('other'))
    const start: IteratorStart = { from: 'latest' }
    const open = other.subscriptions.open(other.shards[0] as Shard, { consumer: 'c', start })
    const closed = new Listener(await open)
    await quiet()
    await store.deleteStream('s')
    await quiet()
    expect(deleted.error).toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    await expect(subscribe()).rejects.toMatchObject({ code: 'ERR_MILLRACE_STREAM_NOT_FOUND' })
    expect(core.ended).toBe(true)
    await store.close()
    await quiet()
    expect(closed.error).toMatchObject({ code: 'ERR_MILLRACE_CLOSED' })
  })

  it('fails with what goes wrong when reading, once', async () => {
    const { subscribe, faults } = await oneShard(answers)
    const subscription = await subscribe()
    faults.fail('read', new Error('broken'))
    await expect(subscription.next()).rejects.toThrow('broken')
    expect(await subscription.next()).toEqual({ done: true, value: undefined })
    expect(subscription.over).toBe(true)
  })

  // 2 MiB a second for each consumer: AWS API model, SubscribeToShard
  it('is sent 2 MiB in a second where limits are enforced, whatever others are sent', async () => {
    const { store, clock } = await openSubject({ answers, limits: 'enforce' })
    const stream = await store.createStream('s')
    const core = coreOf(stream)
    for (let n = 0; n < 5; n++) {
      await stream.put('k', new Uint8Array(MiB - 1))
      await clock.advance(1000)
    }
    const open = async (consumer: string): Promise<Listener> =>
      new Listener(
        await core.subscriptions.open(core.shards[0] as Shard, { consumer, start: { from: 'oldest' } }),
      )
    const [one, other] = [await open('one'), await open('other')]
    await quiet()
    // The third is sent on credit, which the second is without.
    expect([one.events.length, other.events.length]).toEqual([3, 3])
    await clock.advance(499)
    expect(one.events.length).toBe(3)
    await clock.advance(1)
    expect(one.events.length).toBe(4)
    await clock.advance(500)
    expect([one.events.length, other.events.length]).toEqual([5, 5])
  })
})

it('a subscription gives the memory of a page back that comes when it is over', async () => {
  const { stream, core, subscribe, faults } = await oneShard('later')
  await stream.put('k', bytesOf('x'))
  const subscription = await subscribe({ start: { from: 'oldest' } })
  const given = vi.spyOn(core.blocks, 'give')
  const release = faults.hold('read')
  const waiting = subscription.next()
  await quiet()
  await subscription.return()
  expect(await waiting).toEqual({ done: true, value: undefined })
  expect(given).toHaveBeenCalledTimes(0)
  release()
  await quiet()
  expect(given).toHaveBeenCalledTimes(1)
})
