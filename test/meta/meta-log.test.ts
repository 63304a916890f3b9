import { describe, expect, it } from 'vitest'
import { Refusal } from '../../src/log/log.ts'
import type { Command } from '../../src/meta/commands.ts'
import { MetaLog } from '../../src/meta/meta-log.ts'
import type { MetaSharing, SharedMetaLog } from '../../src/meta/other-writers.ts'
import { streamId } from '../../src/meta/state.ts'
import { AsyncEngine } from '../model/async-engine.ts'
import { settled } from '../model/manual-clock.ts'
import { ModelEngine } from '../model/model-engine.ts'
import {
  codeOf,
  createStream,
  deleteStream,
  keyOf,
  nameIn,
  openMeta,
  plain,
  rejection,
  setRetention,
  stateOf,
} from './history.ts'

describe('propose', () => {
  it('answers what became of the command', async () => {
    const { meta } = await openMeta()
    expect(await meta.propose(createStream('a'))).toBe('applied')
    expect(await meta.propose(createStream('a'))).toBe('stale')
    const before = meta.state
    expect(await meta.propose(setRetention(before, 'a', 48))).toBe('applied')
    expect(await meta.propose(deleteStream(before, 'a'))).toBe('stale')
    expect(await meta.propose(deleteStream(meta.state, 'a'))).toBe('applied')
    expect(meta.state.streams.size).toBe(0)
    expect(meta.state.revision).toBe(5)
  })

  it('flushes the command before it counts', async () => {
    const { meta, faults, disk } = await openMeta()
    const release = faults.hold('flush')
    const outcome = meta.propose(createStream('a'))
    await settled()
    expect(disk.meta.next).toBe(2)
    expect(meta.state.streams.size).toBe(0)
    release()
    expect(await outcome).toBe('applied')
    expect(meta.state.streams.size).toBe(1)
    expect(disk.meta.durable).toBe(2)
  })

  it('never flushes when told not to', async () => {
    const { meta, faults } = await openMeta(undefined, { sync: false, snapshotCommands: 2 })
    for (const name of ['a', 'b', 'c']) await meta.propose(createStream(name))
    expect(faults.calls('flush')).toBe(0)
    expect(faults.calls('trim')).toBe(1)
  })

  it('stores together what is proposed while others are on their way, and keeps the order', async () => {
    const { meta, faults, disk } = await openMeta()
    const release = faults.hold('flush')
    const applied: string[] = []
    meta.onChange((command) => applied.push(nameIn(command)))
    const first = meta.propose(createStream('first'))
    await settled()
    const names = Array.from({ length: 50 }, (_, index) => `s${index}`)
    const others = names.map((name) => meta.propose(createStream(name)))
    await settled()
    expect(disk.meta.next).toBe(2)
    release()
    await Promise.all([first, ...others])
    expect([faults.calls('append'), faults.calls('flush')]).toEqual([2, 2])
    expect(applied).toEqual(['first', ...names])
  })

  it('stores together what is proposed in one turn', async () => {
    const { meta, faults } = await openMeta()
    await Promise.all(['a', 'b', 'a'].map((name) => meta.propose(createStream(name))))
    expect(faults.calls('append')).toBe(1)
    expect(meta.state.revision).toBe(3)
  })

  it('judges each command by the state right before it', async () => {
    const { meta } = await openMeta()
    await meta.propose(createStream('a'))
    const { state } = meta
    const outcomes = await Promise.all([
      meta.propose(setRetention(state, 'a', 48)),
      meta.propose(setRetention(state, 'a', 72)),
      meta.propose(createStream('b')),
      meta.propose(createStream('b')),
    ])
    expect(outcomes).toEqual(['applied', 'stale', 'applied', 'stale'])
    expect(meta.state.streams.get(streamId(keyOf('a')))?.retentionHours).toBe(48)
  })

  it('goes on where a log that answers promises lets it', async () => {
    const engine = new AsyncEngine(new ModelEngine({ caps: { maxBatchRecords: 3 } }))
    const meta = await MetaLog.open(await engine.openMeta(), { snapshotCommands: 7 })
    const names = Array.from({ length: 20 }, (_, index) => `s${index}`)
    const outcomes = await Promise.all(names.map((name) => meta.propose(createStream(name))))
    expect(new Set(outcomes)).toEqual(new Set(['applied']))
    await meta.close()
    expect(plain((await MetaLog.open(await engine.openMeta())).state)).toEqual(plain(meta.state))
  })

  it('refuses a command that could not be read back, and stores nothing', async () => {
    const { meta, disk } = await openMeta()
    const wrong = [
      { ...createStream('a'), retentionHours: Number.NaN },
      { ...createStream('a'), key: { ...keyOf('a'), name: 'a/b' } },
      { kind: 'splitShard', key: keyOf('a') },
      undefined,
    ] as Command[]
    for (const command of wrong) {
      expect(await codeOf(meta.propose(command))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    }
    expect(disk.meta.next).toBe(1)
  })

  it('refuses a command that is larger than a record may be, and no other', async () => {
    const { meta, disk } = await openMeta(undefined, { maxRecordBytes: 2_000 })
    const outcomes = await Promise.allSettled([
      meta.propose(createStream('a')),
      meta.propose(createStream('large', 100)),
      meta.propose(createStream('b')),
    ])
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await codeOf(meta.propose(createStream('large', 100)))).toBe('ERR_MILLRACE_RECORD_TOO_LARGE')
    expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
  })
})

describe('onChange', () => {
  it('tells of applied commands only, with the state right after each', async () => {
    const { meta } = await openMeta()
    const seen: [string, number, number][] = []
    meta.onChange((command) => seen.push([command.kind, meta.state.revision, meta.state.streams.size]))
    await Promise.all([
      meta.propose(createStream('a')),
      meta.propose(createStream('a')),
      meta.propose(createStream('b')),
    ])
    await meta.propose(deleteStream(meta.state, 'a'))
    expect(seen).toEqual([
      ['createStream', 1, 1],
      ['createStream', 3, 2],
      ['deleteStream', 4, 1],
    ])
  })

  it('tells each listener until it is ended, also one that listens twice', async () => {
    const { meta } = await openMeta()
    let told = 0
    const listener = (): void => {
      told += 1
    }
    const [endFirst, endSecond] = [meta.onChange(listener), meta.onChange(listener)]
    await meta.propose(createStream('a'))
    expect(told).toBe(2)
    endFirst()
    endFirst()
    await meta.propose(createStream('b'))
    expect(told).toBe(3)
    endSecond()
    await meta.propose(createStream('c'))
    expect(told).toBe(3)
  })
})

describe('a write that fails', () => {
  it('leaves the state as it was and may be tried again when the log is full or busy', async () => {
    const { meta, faults, disk } = await openMeta()
    await meta.propose(createStream('a'))
    const before = meta.state
    faults.refuseAppend(Refusal.full)
    expect(await codeOf(meta.propose(createStream('b')))).toBe('ERR_MILLRACE_NO_SPACE')
    faults.refuseAppend(Refusal.busy)
    expect(await codeOf(meta.propose(createStream('b')))).toBe('ERR_MILLRACE_BACKLOG')
    expect(meta.state).toBe(before)
    expect(await meta.propose(createStream('b'))).toBe('applied')
    expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
  })

  it('keeps what of a group found space', async () => {
    const { meta, disk } = await openMeta()
    await meta.propose(createStream('a'))
    disk.capacityBytes = disk.meta.bytes * 3 + 100
    const outcomes = await Promise.allSettled(
      ['b', 'c', 'd', 'e'].map((name) => meta.propose(createStream(name))),
    )
    expect(outcomes.map((outcome) => outcome.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ])
    expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
    disk.capacityBytes = Number.POSITIVE_INFINITY
    expect(await meta.propose(createStream('d'))).toBe('applied')
    expect(plain(await stateOf(disk.meta))).toEqual(plain(meta.state))
  })

  it('ends all proposals when nobody knows whether it landed', async () => {
    for (const landed of [false, true]) {
      const { meta, faults, disk } = await openMeta()
      await meta.propose(createStream('a'))
      const before = meta.state
      faults.refuseAppend(Refusal.unknown, { landed })
      expect(await codeOf(meta.propose(createStream('b')))).toBe('ERR_MILLRACE_UNKNOWN_OUTCOME')
      expect(await codeOf(meta.propose(createStream('c')))).toBe('ERR_MILLRACE_POISONED')
      expect(meta.state).toBe(before)
      expect((await stateOf(disk.meta)).streams.size).toBe(landed ? 2 : 1)
    }
  })

  it('ends all proposals when a flush fails, also those that wait', async () => {
    for (const method of ['flush', 'append'] as const) {
      const { meta, faults } = await openMeta()
      await meta.propose(createStream('a'))
      await settled() // so that the next proposal begins a group
      const before = meta.state
      faults.fail(method, new Error('EIO'), { landed: method === 'append' })
      const failed = rejection(meta.propose(createStream('b')))
      await Promise.resolve()
      await Promise.resolve()
      const waiting = rejection(meta.propose(createStream('c')))
      expect((await failed).code).toBe('ERR_MILLRACE_IO')
      expect((await failed).cause).toEqual(new Error('EIO'))
      expect((await waiting).code).toBe('ERR_MILLRACE_POISONED')
      const later = await rejection(meta.propose(createStream('d')))
      expect([later.code, later.cause]).toEqual(['ERR_MILLRACE_POISONED', await failed])
      expect(meta.state).toBe(before)
      await meta.close()
    }
  })

  it('hands the error of the engine on as it is', async () => {
    const { meta, faults } = await openMeta()
    faults.fail('flush', await rejection(meta.propose(undefined as unknown as Command)))
    expect(await codeOf(meta.propose(createStream('b')))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
    expect(await codeOf(meta.propose(createStream('b')))).toBe('ERR_MILLRACE_POISONED')
  })

  it('says that the log has ended when it has', async () => {
    const engine = new ModelEngine()
    const log = engine.openMeta()
    await log.seal()
    const meta = await MetaLog.open(log)
    expect(await codeOf(meta.propose(createStream('a')))).toBe('ERR_MILLRACE_SHARD_SEALED')
  })
})

describe('the state of a log that others may write', () => {
  it('is looked for in the log only once there may be others', async () => {
    const log = (await new ModelEngine({}).openMeta()) as unknown as SharedMetaLog
    let alone = true
    let looks = 0
    const sharing: MetaSharing = {
      shared: false,
      get alone() {
        return alone
      },
      onJoined: () => () => {},
      takeTurn: () => true,
      giveTurn() {},
    }
    const stats: SharedMetaLog['stats'] = () => {
      looks += 1
      return log.stats()
    }
    const meta = await MetaLog.open(log as never, {
      others: { sharing, log: { read: log.read.bind(log), stats } },
    })
    await meta.propose(createStream('a'))
    await meta.caughtUp()
    expect(looks).toBe(0)
    alone = false
    expect(meta.state.streams.size).toBe(1)
    expect(looks).toBe(1)
  })
})

describe('close', () => {
  it('waits for what was proposed, then closes the log and refuses', async () => {
    const { meta, faults, disk } = await openMeta()
    const release = faults.hold('flush')
    const first = meta.propose(createStream('a'))
    await settled()
    const second = meta.propose(createStream('b'))
    const closed = meta.close()
    expect(await codeOf(meta.propose(createStream('c')))).toBe('ERR_MILLRACE_CLOSED')
    expect(faults.calls('close')).toBe(0)
    release()
    expect(await Promise.all([first, second])).toEqual(['applied', 'applied'])
    await closed
    await meta.close()
    expect(faults.calls('close')).toBe(1)
    expect((await stateOf(disk.meta)).streams.size).toBe(2)
  })

  it('leaves the state readable', async () => {
    const { meta } = await openMeta()
    await meta.propose(createStream('a'))
    await meta.close()
    expect(meta.state.streams.size).toBe(1)
  })
})
