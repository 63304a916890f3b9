import assert from 'node:assert/strict'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { polledIterator, polledPage } from '../../src/streams/polling.ts'
import type { Shard } from '../../src/streams/shard.ts'
import { type IteratorStart, iteratorOf, type ShardIterator } from '../../src/streams/shard-iterator.ts'
import { coreOf, type Stream } from '../../src/streams/stream.ts'
import type { StreamCore } from '../../src/streams/stream-core.ts'
import { settled } from '../model/manual-clock.ts'
import { type Answers, bytesOf, openSubject, type Subject } from './subject.ts'

const hourMs = 3_600_000

type Step =
  | { readonly kind: 'put'; readonly count: number; readonly bytes: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'split'; readonly shard: number; readonly part: number }
  | { readonly kind: 'merge'; readonly shard: number }

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('put' as const),
        count: fc.integer({ min: 1, max: 9 }),
        bytes: fc.constantFrom(0, 30, 9000),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('advance' as const),
        ms: fc.constantFrom(1, 1000, hourMs, 11 * hourMs),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('split' as const),
        shard: fc.nat(99),
        part: fc.integer({ min: 1, max: 99 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('merge' as const), shard: fc.nat(99) }) },
  ),
  { maxLength: 30, size: 'max' },
)

/** A record as the model remembers it. */
interface Kept {
  readonly name: string
  readonly shardId: string
  readonly sequenceNumber: string
  readonly arrivedAtMs: number
}

interface Page {
  readonly names: readonly string[]
  readonly next: ShardIterator | undefined
  readonly childShards: readonly Shard[]
  readonly millisBehindLatest: number
}

class Trial {
  readonly subject: Subject
  readonly stream: Stream
  readonly core: StreamCore
  readonly kept: Kept[] = []

  constructor(subject: Subject, stream: Stream) {
    this.subject = subject
    this.stream = stream
    this.core = coreOf(stream)
  }

  async take(step: Step): Promise<void> {
    const { core, stream, subject } = this
    const { open } = core.map
    switch (step.kind) {
      case 'put': {
        const names = Array.from({ length: step.count }, (_, n) => `${this.kept.length + n}`)
        const entries = names.map((name) => ({
          partitionKey: `key ${Number(name) % 7}`,
          data: bytesOf(name.padEnd(step.bytes)),
        }))
        for (const [n, result] of (await stream.putBatch(entries)).entries()) {
          if (!result.ok) throw result.error
          const { shardId, sequenceNumber, arrivedAtMs } = result
          this.kept.push({ name: names[n] as string, shardId, sequenceNumber, arrivedAtMs })
        }
        return
      }
      case 'advance':
        return subject.clock.advance(step.ms)
      case 'split': {
        const shard = open[step.shard % open.length] as Shard
        const start = BigInt(shard.spec.startingHashKey)
        const width = BigInt(shard.spec.endingHashKey) - start
        await stream.splitShard(shard.id, (start + (width * BigInt(step.part)) / 100n).toString())
        return
      }
      case 'merge': {
        if (open.length < 2) return
        const lower = step.shard % (open.length - 1)
        await stream.mergeShards((open[lower] as Shard).id, (open[lower + 1] as Shard).id)
        return
      }
      default:
        step satisfies never
    }
  }

  /** What the model says can still be read. */
  visible(shardId: string): Kept[] {
    const horizonMs = this.core.horizonMs()
    return this.kept.filter((record) => record.shardId === shardId && record.arrivedAtMs >= horizonMs)
  }

  async page(at: ShardIterator, records: number): Promise<Page> {
    const { batches, next, childShards, millisBehindLatest, release } = await polledPage(this.core, at, {
      records,
    })
    const names = batches.flatMap((batch) =>
      Array.from({ length: batch.length }, (_, n) => Buffer.from(batch.bytes(n)).toString().trimEnd()),
    )
    release()
    assert.ok(names.length <= records)
    return { names, next, childShards, millisBehindLatest }
  }

  /** All that follows a position in its shard. */
  async rest(shard: Shard, start: IteratorStart, records: number): Promise<string[]> {
    const names: string[] = []
    let at: ShardIterator | undefined = await polledIterator(this.core, shard, start)
    while (at !== undefined) {
      const page: Page = await this.page(at, records)
      names.push(...page.names)
      if (page.names.length === 0) break
      at = page.next
    }
    return names
  }

  /** The names of what a shard holds, as the model says, from a record on. */
  async checkShard(shard: Shard, records: number): Promise<void> {
    const visible = this.visible(shard.id)
    const names = visible.map(({ name }) => name)
    assert.deepEqual(await this.rest(shard, { from: 'oldest' }, records), names)
    assert.deepEqual(await this.rest(shard, { from: 'latest' }, records), [])
    for (const [n, { sequenceNumber: sequence, arrivedAtMs }] of visible.entries()) {
      const at = await this.rest(shard, { from: 'sequence', sequence, inclusive: true }, records)
      const after = await this.rest(shard, { from: 'sequence', sequence, inclusive: false }, records)
      assert.deepEqual([at, after], [names.slice(n), names.slice(n + 1)])
      const since = visible.filter((record) => record.arrivedAtMs >= arrivedAtMs).map(({ name }) => name)
      assert.deepEqual(await this.rest(shard, { from: 'time', arrivedAtMs }, records), since)
    }
  }

  /** Reads as a consumer does: parents to their ends, then their children. */
  async follow(records: number): Promise<string[]> {
    const names: string[] = []
    const ended = new Set<number>()
    const begun = new Set<number>()
    const readable = new Set(this.core.readableShards.map(({ index }) => index))
    const roots = this.core.readableShards.filter(({ spec }) =>
      (spec.parents ?? []).every((parent) => !readable.has(parent)),
    )
    const queue = [...roots]
    for (const root of roots) begun.add(root.index)
    for (let shard = queue.shift(); shard !== undefined; shard = queue.shift()) {
      let at: ShardIterator | undefined = iteratorOf(shard, 1)
      while (at !== undefined) {
        const page: Page = await this.page(at, records)
        names.push(...page.names)
        at = page.next
        if (at !== undefined && page.names.length === 0) break
        if (at !== undefined) continue
        ended.add(shard.index)
        for (const child of page.childShards) {
          const ready = (child.spec.parents ?? []).every(
            (parent) => ended.has(parent) || !readable.has(parent),
          )
          if (!ready || begun.has(child.index)) continue
          begun.add(child.index)
          queue.push(child)
        }
      }
    }
    return names
  }
}

async function check(answers: Answers, plan: readonly Step[], records: number): Promise<void> {
  const subject = await openSubject({ answers })
  const trial = new Trial(subject, await subject.store.createStream('s', { shards: 2 }))
  for (const step of plan) await trial.take(step)
  await settled()
  for (const shard of trial.core.readableShards) await trial.checkShard(shard, records)
  const followed = await trial.follow(records)
  const shardIds = trial.core.readableShards.map(({ id }) => id)
  const expected = shardIds.flatMap((shardId) => trial.visible(shardId).map(({ name }) => name))
  assert.deepEqual(followed.toSorted(), expected.toSorted())
  // Names count up, so those of a key do, across splits and merges.
  for (let key = 0; key < 7; key++) {
    const ofKey = followed.map(Number).filter((name) => name % 7 === key)
    assert.deepEqual(
      ofKey,
      ofKey.toSorted((a, b) => a - b),
    )
  }
  await subject.store.close()
}

describe('iterators and pages, after random puts, splits, merges and time', () => {
  it.each(['direct', 'later'] as const)(
    'find every record once, in order, at every position and time: engine answers %s',
    async (answers) => {
      const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 20 }), async (plan, records) => {
        await check(answers, plan, records)
      })
      await expect(fc.assert(property, { numRuns: 25 })).resolves.toBeUndefined()
    },
  )
})
