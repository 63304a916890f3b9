import { describe, expect, it } from 'vitest'
import {
  formatSequenceNumber,
  parseSequenceNumber,
  type SequenceFields,
} from '../../src/streams/sequence-number.ts'
import type { Shard } from '../../src/streams/shard.ts'
import {
  iteratorAt,
  type IteratorStart,
  type ShardIterator,
  shardOfIterator,
} from '../../src/streams/shard-iterator.ts'
import { shardPage } from '../../src/streams/shard-page.ts'
import { coreOf, type Stream } from '../../src/streams/stream.ts'
import type { StreamCore } from '../../src/streams/stream-core.ts'
import { type Answers, bothAnswers, bytesOf, openSubject, type Subject } from './subject.ts'

const startMs = Date.UTC(2026, 0, 1)
const dayMs = 86_400_000

interface Case extends Subject {
  readonly stream: Stream
  readonly core: StreamCore
  readonly shard: Shard
  /** Of records 'r0', 'r1', ..., a second apart. */
  readonly numbers: readonly string[]
}

async function withRecords(answers: Answers, count: number): Promise<Case> {
  const subject = await openSubject({ answers })
  const stream = await subject.store.createStream('s')
  const numbers: string[] = []
  for (let n = 0; n < count; n++) {
    if (n > 0) await subject.clock.advance(1000)
    numbers.push((await stream.put('k', bytesOf(`r${n}`))).sequenceNumber)
  }
  const core = coreOf(stream)
  return { ...subject, stream, core, shard: core.shards[0] as Shard, numbers }
}

/** What a page from the iterator on holds, as text. */
async function readFrom(core: StreamCore, iterator: ShardIterator): Promise<string[]> {
  const { batches } = await shardPage(core, iterator)
  return batches.flatMap((batch) => [...batch].map(({ data }) => new TextDecoder().decode(data)))
}

function fieldsOf(number: string | undefined): SequenceFields {
  const fields = parseSequenceNumber(number ?? '')
  if (fields === undefined) throw new Error(`${number} is no sequence number`)
  return fields
}

async function failure(attempt: () => unknown): Promise<unknown> {
  try {
    await attempt()
  } catch (error) {
    return error
  }
  return 'no error'
}

describe.each(bothAnswers)('an iterator, engine answers %s', (answers) => {
  // semantics of the five types: AWS API model, GetShardIterator
  it.each<[string, (numbers: readonly string[]) => IteratorStart, string[]]>([
    ['TRIM_HORIZON', () => ({ from: 'oldest' }), ['r0', 'r1', 'r2', 'r3']],
    ['LATEST', () => ({ from: 'latest' }), []],
    [
      'AT a record',
      (of) => ({ from: 'sequence', sequence: of[1] as string, inclusive: true }),
      ['r1', 'r2', 'r3'],
    ],
    [
      'AFTER a record',
      (of) => ({ from: 'sequence', sequence: of[1] as string, inclusive: false }),
      ['r2', 'r3'],
    ],
    ['AFTER the last', (of) => ({ from: 'sequence', sequence: of[3] as string, inclusive: false }), []],
    ['AT the time of one', () => ({ from: 'time', arrivedAtMs: startMs + 2000 }), ['r2', 'r3']],
    ['AT a time between two', () => ({ from: 'time', arrivedAtMs: startMs + 1001 }), ['r2', 'r3']],
    ['AT a time before all', () => ({ from: 'time', arrivedAtMs: 0 }), ['r0', 'r1', 'r2', 'r3']],
    ['AT the present', () => ({ from: 'time', arrivedAtMs: startMs + 3500 }), []],
  ])('%s reads what it should, now and again', async (_name, start, expected) => {
    const { core, shard, numbers, clock, stream } = await withRecords(answers, 4)
    await clock.advance(500)
    const iterator = await iteratorAt(core, shard, start(numbers))
    expect(await readFrom(core, iterator)).toEqual(expected)
    await clock.advance(1)
    await stream.put('k', bytesOf('later'))
    expect(await readFrom(core, iterator)).toEqual([...expected, 'later'])
  })

  it('holds after a restart, as text', async () => {
    const { core, shard, numbers, clock, disk, store } = await withRecords(answers, 4)
    const made = await iteratorAt(core, shard, {
      from: 'sequence',
      sequence: numbers[2] as string,
      inclusive: true,
    })
    const written = JSON.stringify(made)
    await store.close()
    const again = await openSubject({ answers, disk, clock })
    const resumed = JSON.parse(written) as ShardIterator
    expect(await readFrom(coreOf(again.store.stream('s')), resumed)).toEqual(['r2', 'r3'])
  })

  it('passes over what expired since it was made', async () => {
    const { core, shard, clock } = await withRecords(answers, 4)
    const iterator = await iteratorAt(core, shard, { from: 'oldest' })
    await clock.advance(dayMs - 2000)
    expect(await readFrom(core, iterator)).toEqual(['r1', 'r2', 'r3'])
    await clock.advance(1)
    expect(await readFrom(core, iterator)).toEqual(['r2', 'r3'])
    await clock.advance(dayMs)
    expect(await readFrom(core, iterator)).toEqual([])
  })

  it('refuses numbers and times of the future', async () => {
    const { core, shard, numbers, clock } = await withRecords(answers, 2)
    const fields = fieldsOf(numbers[1])
    const ahead = formatSequenceNumber({ ...fields, arrivedAtSeconds: fields.arrivedAtSeconds + 1 })
    const far = formatSequenceNumber({ ...fields, counter: 2n ** 60n })
    for (const sequence of [ahead, far]) {
      for (const inclusive of [true, false]) {
        expect(
          await failure(() => iteratorAt(core, shard, { from: 'sequence', sequence, inclusive })),
        ).toMatchObject({
          code: 'ERR_MILLRACE_INVALID_ARGUMENT',
          details: { field: 'sequence', problem: 'future' },
        })
      }
    }
    const nowMs = clock.nowMs()
    expect(
      await failure(() => iteratorAt(core, shard, { from: 'time', arrivedAtMs: nowMs + 1 })),
    ).toMatchObject({ details: { field: 'arrivedAtMs', problem: 'future', nowMs } })
    await clock.advance(1000)
    const inTime: IteratorStart = { from: 'sequence', sequence: ahead, inclusive: true }
    expect(await readFrom(core, await iteratorAt(core, shard, inTime))).toEqual(['r1'])
  })

  it('reads what comes next after a number that the power took', async () => {
    const { core, shard, numbers, stream } = await withRecords(answers, 2)
    const fields = fieldsOf(numbers[1])
    const lost = formatSequenceNumber({ ...fields, counter: fields.counter + 50n })
    const iterator = await iteratorAt(core, shard, { from: 'sequence', sequence: lost, inclusive: false })
    await stream.put('k', bytesOf('next'))
    expect(await readFrom(core, iterator)).toEqual(['next'])
  })

  it('refuses what is no number, numbers of others, and the number that a shard ends with', async () => {
    const { core, shard, numbers, store } = await withRecords(answers, 1)
    const fields = fieldsOf(numbers[0])
    const ending = formatSequenceNumber({ ...fields, counter: 0x7fff_ffff_ffff_ffffn })
    const neighbour = formatSequenceNumber({ ...fields, shardIndex: 5 })
    const earlier = formatSequenceNumber({
      ...fields,
      shardCreatedAtSeconds: fields.shardCreatedAtSeconds - 1,
    })
    for (const [sequence, problem, facts] of [
      ['', 'malformed', {}],
      ['5', 'malformed', {}],
      [`1${'0'.repeat(200)}`, 'malformed', {}],
      [ending, 'shard-end', { shardId: 'shardId-000000000000' }],
      [neighbour, 'another-shard', { encodedShardId: 'shardId-000000000005' }],
      [earlier, 'another-shard', { encodedShardId: 'shardId-000000000000' }],
    ] as const) {
      const error = await failure(() =>
        iteratorAt(core, shard, { from: 'sequence', sequence, inclusive: false }),
      )
      expect(error).toMatchObject({
        code: 'ERR_MILLRACE_INVALID_ARGUMENT',
        details: { field: 'sequence', value: sequence, problem, ...facts },
      })
    }
    await store.close()
  })

  it('belongs to its shard and no later one of the same name', async () => {
    const { core, shard, store, clock } = await withRecords(answers, 1)
    const iterator = await iteratorAt(core, shard, { from: 'latest' })
    expect(shardOfIterator(core, iterator)).toBe(shard)
    expect(() => shardOfIterator(core, { ...iterator, shardIndex: 7 })).toThrow(/shardId-000000000007/)
    await store.deleteStream('s')
    expect(await failure(() => shardPage(core, iterator))).toMatchObject({
      code: 'ERR_MILLRACE_STREAM_NOT_FOUND',
    })
    await clock.advance(1000)
    const next = coreOf(await store.createStream('s'))
    expect(await failure(() => shardPage(next, iterator))).toMatchObject({
      code: 'ERR_MILLRACE_SHARD_NOT_FOUND',
    })
  })
})
