import * as fc from 'fast-check'
import { unpack } from 'msgpackr'
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../src/log/log.ts'
import type { Command } from '../../src/meta/commands.ts'
import { decodeRecord, encodeRecord, type MetaRecord } from '../../src/meta/encode.ts'
import type { MetaState } from '../../src/meta/state.ts'
import { ModelDisk, StoredLog } from '../model/stored-log.ts'
import {
  anyIntent,
  codeOf,
  createStream,
  deleteStream,
  diskWith,
  keyOf,
  openMeta,
  plain,
  rejection,
  setDocument,
  setRetention,
  stateOf,
} from './history.ts'

function recordsIn(log: StoredLog): MetaRecord[] {
  return log.records.map((record) => decodeRecord(record.data, record.offset))
}

/** Where a crash may cut a log at the earliest: a trim follows the flush of its snapshot, so that one stays whole. */
function firstLoss(log: StoredLog): number {
  return log.first === 1 ? 1 : log.first + 3
}

/** A log of these records, as if each was appended. */
function logOf(records: readonly MetaRecord[], firstOffset = 1): StoredLog {
  const log = new StoredLog()
  log.next = log.first = firstOffset
  for (const record of records) {
    const data = Buffer.from(encodeRecord(record))
    log.add({ offset: log.next, timeMs: 1, key: Buffer.alloc(0), data, hashKey: undefined, flags: 0 })
  }
  return log
}

const made = (value?: unknown) => (state: MetaState) => setDocument(state, 'layer/a', value)

describe('a snapshot', () => {
  it('follows every so many commands, and what it sums up is trimmed', async () => {
    const { meta, disk } = await openMeta(undefined, { snapshotCommands: 5 })
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await meta.propose(createStream(name))
    await meta.close()
    expect(recordsIn(disk.meta).map((record) => record.kind)).toEqual([
      'snapshotBegin',
      'snapshotChunk',
      'snapshotEnd',
      'command',
    ])
    expect(disk.meta.first).toBe(6)
    expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
  })

  it('counts commands of earlier openings', async () => {
    const disk = new ModelDisk()
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      const { meta } = await openMeta(disk, { snapshotCommands: 3 })
      await meta.propose(createStream(name))
      await meta.close()
    }
    expect(disk.meta.first).toBe(10)
    expect((await stateOf(disk.meta)).streams.size).toBe(6)
  })

  it('follows fewer commands when they are large', async () => {
    const { meta, disk } = await openMeta(undefined, { snapshotBytes: 10_000 })
    await meta.propose(createStream('a', 20))
    await meta.propose(createStream('b', 20))
    expect(disk.meta.first).toBe(1)
    await meta.propose(createStream('c', 20))
    await meta.close()
    expect(disk.meta.first).toBe(4)
  })

  it('is not repeated before the commands outweigh it four times', async () => {
    const { meta, faults } = await openMeta(undefined, { snapshotBytes: 1_000 })
    await meta.propose(createStream('large', 100))
    await meta.propose(createStream('a', 100))
    await meta.close()
    expect(faults.calls('trim')).toBe(1)
  })

  it('is flushed before anything is trimmed', async () => {
    const { meta, faults, disk } = await openMeta(undefined, { snapshotCommands: 2 })
    await meta.propose(createStream('a'))
    faults.pass('flush', 1)
    faults.fail('flush', new Error('EIO'))
    expect(await meta.propose(createStream('b'))).toBe('applied')
    await meta.close()
    expect(faults.calls('trim')).toBe(0)
    expect(
      recordsIn(disk.meta)
        .map((record) => record.kind)
        .slice(0, 3),
    ).toEqual(['command', 'command', 'snapshotBegin'])
  })

  it('that holds documents says so in its format, so that no earlier version loses them', async () => {
    const disk = new ModelDisk()
    const formatAfter = async (...steps: ((state: MetaState) => Command)[]): Promise<unknown> => {
      const { meta } = await openMeta(disk, { snapshotCommands: 2 })
      for (const step of steps) await meta.propose(step(meta.state))
      await meta.close()
      expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
      const records = disk.meta.records.map(({ data }) => unpack(data) as Record<string, unknown>)
      return records.find(({ kind }) => kind === 'snapshotBegin')?.['format']
    }
    expect(
      await formatAfter(
        () => createStream('a'),
        () => createStream('b'),
      ),
    ).toBe(1)
    expect(await formatAfter(made(1), made(2))).toBe(2)
    expect(await formatAfter(made(), () => createStream('c'))).toBe(1)
  })

  it('is cut into chunks, and a store of thousands of shards comes back from them', async () => {
    const { meta, disk, faults } = await openMeta(undefined, {
      snapshotCommands: 30,
      snapshotBytes: Number.POSITIVE_INFINITY,
    })
    for (let index = 0; index < 30; index++) await meta.propose(createStream(`s${index}`, 400))
    await meta.close()
    const chunks = recordsIn(disk.meta).filter((record) => record.kind === 'snapshotChunk')
    expect(chunks.length).toBeGreaterThan(2)
    expect(faults.calls('append')).toBeGreaterThanOrEqual(30 + chunks.length)
    for (const { data } of disk.meta.records) expect(data.length).toBeLessThan(1024 * 1024 + 100)
    expect(disk.meta.first).toBe(31)
    expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
  })

  it('that finds no space does no harm, and is tried again later', async () => {
    const { meta, faults, disk } = await openMeta(undefined, { snapshotCommands: 2 })
    await meta.propose(createStream('a'))
    faults.pass('append', 1)
    faults.refuseAppend(Refusal.full)
    for (const name of ['b', 'c']) expect(await meta.propose(createStream(name))).toBe('applied')
    expect([faults.calls('trim'), disk.meta.first]).toEqual([0, 1])
    await meta.propose(createStream('d'))
    await meta.close()
    expect(disk.meta.first).toBe(5)
    expect((await stateOf(disk.meta)).streams.size).toBe(4)
  })

  it('that fails ends all proposals but takes nothing back', async () => {
    for (const method of ['flush', 'trim', 'append'] as const) {
      const { meta, faults, disk } = await openMeta(undefined, { snapshotCommands: 1 })
      if (method !== 'trim') faults.pass(method, 1)
      faults.fail(method, new Error('EIO'))
      expect(await meta.propose(createStream('a'))).toBe('applied')
      expect(await codeOf(meta.propose(createStream('b')))).toBe('ERR_MILLRACE_POISONED')
      await meta.close()
      expect((await stateOf(disk.meta)).streams.size).toBe(1)
    }
  })

  it('bounds the log whatever happens', { timeout: 120_000 }, async () => {
    const { meta, disk } = await openMeta(undefined, { sync: false })
    await meta.propose(createStream('a', 4))
    let largest = 0
    for (let group = 0; group < 1_000; group++) {
      // One of them builds on the right revision, the others are stale: both must be forgotten in the end.
      await Promise.all(
        Array.from({ length: 100 }, (_, hours) => meta.propose(setRetention(meta.state, 'a', hours))),
      )
      largest = Math.max(largest, disk.meta.bytes)
    }
    await meta.close()
    expect(disk.meta.next).toBeGreaterThan(100_000)
    expect(largest).toBeLessThan(1024 * 1024)
    expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
  })
})

describe('a log that lost its end', () => {
  it('leads to the state before the loss, wherever it was cut', async () => {
    const { meta, disk } = await openMeta(undefined, { snapshotCommands: 4 })
    const moments: MetaState[] = [meta.state]
    const logs: StoredLog[] = []
    for (let index = 0; index < 14; index++) {
      const { state } = meta
      const commands = [
        createStream(`s${index}`, 2),
        setRetention(state, `s${index - 1}`, index),
        deleteStream(state, `s${index - 2}`),
      ]
      await meta.propose(commands[index % 3] ?? createStream('never'))
      moments.push(meta.state)
      logs.push(disk.meta.clone())
    }
    await meta.close()
    const byRevision = new Map(moments.map((state) => [state.revision, plain(state)]))
    for (const log of [...logs, disk.meta]) {
      for (let end = firstLoss(log); end <= log.next; end++) {
        const state = await stateOf(log.cutAt(end))
        expect(state.revision).toBeLessThan(end)
        expect(plain(state)).toEqual(byRevision.get(state.revision))
      }
    }
  })

  it('goes on, and forgets the torso of a snapshot', async () => {
    const { meta, disk } = await openMeta(undefined, { snapshotCommands: 3 })
    for (const name of ['a', 'b']) await meta.propose(createStream(name))
    const whole = disk.meta.clone()
    await meta.propose(createStream('c'))
    await meta.close()
    const [begin, chunk] = recordsIn(disk.meta)
    const commands = recordsIn(whole)
    expect([begin?.kind, chunk?.kind]).toEqual(['snapshotBegin', 'snapshotChunk'])
    const third: MetaRecord = { kind: 'command', ordinal: 3, command: createStream('c') }
    const torn = logOf([...commands, third, begin as MetaRecord, chunk as MetaRecord])
    const reopened = await openMeta(diskWith(torn), { snapshotCommands: 3 })
    expect(reopened.meta.state.streams.size).toBe(3)
    await reopened.meta.propose(createStream('d'))
    await reopened.meta.close()
    expect(reopened.disk.meta.first).toBeGreaterThan(6)
    expect(plain(await stateOf(reopened.disk.meta))).toEqual(plain(reopened.meta.state))
  })

  it('has the same state after it was opened again, for any commands and any snapshots', async () => {
    const scenario = fc.record({
      intents: fc.array(anyIntent, { maxLength: 40 }),
      snapshotCommands: fc.integer({ min: 1, max: 12 }),
      groups: fc.integer({ min: 1, max: 5 }),
      cut: fc.nat({ max: 10 }),
    })
    await fc.assert(
      fc.asyncProperty(scenario, async ({ intents, snapshotCommands, groups, cut }) => {
        const { meta, disk } = await openMeta(undefined, { snapshotCommands })
        const states = new Map([[0, plain(meta.state)]])
        meta.onChange(() => states.set(meta.state.revision, plain(meta.state)))
        for (let at = 0; at < intents.length; at += groups) {
          await Promise.all(intents.slice(at, at + groups).map((intent) => meta.propose(intent(meta.state))))
          states.set(meta.state.revision, plain(meta.state))
        }
        await meta.close()
        expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
        const lost = await stateOf(disk.meta.cutAt(Math.max(firstLoss(disk.meta), disk.meta.next - cut)))
        const last = [...states.keys()].findLast((revision) => revision <= lost.revision)
        expect(plain(lost)).toEqual({ ...states.get(last ?? 0), revision: lost.revision })
      }),
      { numRuns: 200 },
    )
  })
})

/** The records of a snapshot of two streams. */
async function snapshotOfTwo(): Promise<MetaRecord[]> {
  const { meta, disk } = await openMeta(undefined, { snapshotCommands: 2 })
  for (const name of ['a', 'b']) await meta.propose(createStream(name))
  await meta.close()
  return recordsIn(disk.meta)
}

function command(ordinal: number): MetaRecord {
  return { kind: 'command', ordinal, command: createStream(`s${ordinal}`) }
}

describe('a damaged log', () => {
  it('is refused when a command is missing', async () => {
    const summary = await snapshotOfTwo()
    const damaged: readonly (readonly MetaRecord[])[] = [
      [command(2)],
      [command(1), command(3)],
      [command(1), command(1)],
      [...summary, command(4)],
      [...summary, command(2)],
      [command(1), ...summary],
    ]
    for (const records of damaged) {
      const error = await rejection(stateOf(logOf(records)))
      expect([error.code, typeof error.details['offset']]).toEqual(['ERR_MILLRACE_CORRUPT', 'number'])
    }
  })

  it('is refused when a snapshot is broken and what it summed up is gone', async () => {
    const [begin, chunk, end] = (await snapshotOfTwo()) as [MetaRecord, MetaRecord, MetaRecord]
    const damaged: readonly (readonly MetaRecord[])[] = [
      [begin],
      [begin, chunk],
      [begin, end],
      [begin, chunk, chunk],
      [begin, { ...chunk, index: 1 } as MetaRecord, end],
      [begin, chunk, command(3)],
      [begin, chunk, { kind: 'snapshotEnd', crc32: 1 }],
      [begin, { kind: 'snapshotChunk', index: 0, data: Buffer.from('other') }, end],
      [chunk, end],
      [end],
    ]
    for (const records of damaged)
      expect(await codeOf(stateOf(logOf(records, 7)))).toBe('ERR_MILLRACE_CORRUPT')
  })

  it('is whole when a snapshot is broken but what it summed up is there', async () => {
    const [begin, chunk] = (await snapshotOfTwo()) as [MetaRecord, MetaRecord]
    const commands = ['a', 'b'].map((name, index): MetaRecord => ({
      kind: 'command',
      ordinal: index + 1,
      command: createStream(name),
    }))
    for (const torso of [
      [begin],
      [begin, chunk],
      [begin, chunk, { kind: 'snapshotEnd', crc32: 1 } as const],
    ]) {
      const state = await stateOf(logOf([...commands, ...torso, command(3)]))
      expect(state.streams.size).toBe(3)
    }
  })

  it('is refused with the offset of the bytes that are no record', async () => {
    const log = logOf([command(1), command(2)])
    const [first, second] = log.records
    if (first === undefined || second === undefined) throw new Error('the log is empty')
    log.records = [first, { ...second, data: Buffer.from('nonsense') }]
    const error = await rejection(stateOf(log))
    expect([error.code, error.details['offset']]).toEqual(['ERR_MILLRACE_CORRUPT', 2])
  })

  it('is refused by name when a later version wrote to it', async () => {
    const later = { kind: 'command', ordinal: 2, command: { kind: 'splitShard', key: keyOf('a') } }
    const error = await rejection(stateOf(logOf([command(1), later as unknown as MetaRecord])))
    expect([error.code, error.details]).toEqual([
      'ERR_MILLRACE_NEWER_FORMAT',
      { offset: 2, kind: 'splitShard' },
    ])
  })
})
