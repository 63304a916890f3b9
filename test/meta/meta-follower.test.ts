import * as fc from 'fast-check'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { MillraceError } from '../../src/errors.ts'
import type { LogEngine, Offset } from '../../src/log/log.ts'
import { openNativeEngine, openNativeReader } from '../../src/log/native.ts'
import type { ReadBlock } from '../../src/log/read-block.ts'
import type { Command } from '../../src/meta/commands.ts'
import { type FollowedLog, MetaFollower } from '../../src/meta/meta-follower.ts'
import { MetaLog, type MetaLogOptions } from '../../src/meta/meta-log.ts'
import { streamId } from '../../src/meta/state.ts'
import { settled } from '../model/manual-clock.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import {
  codeOf,
  createStream,
  deleteStream,
  keyOf,
  nameIn,
  plain,
  setDocument,
  setRetention,
} from './history.ts'

const scratch = new ScratchFolder()
const engines: LogEngine[] = []
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()))
})
afterAll(() => scratch.remove())

/** A log that shows nothing new while it is held back. */
class HeldLog implements FollowedLog {
  readonly #log: FollowedLog
  held = false

  constructor(log: FollowedLog) {
    this.#log = log
  }

  read(from: Offset, maxBytes: number, maxRecords: number, into: ReadBlock): number {
    if (!this.held) return this.#log.read(from, maxBytes, maxRecords, into)
    Object.assign(into, { count: 0, next: from, atTail: true })
    return 0
  }

  stats(): ReturnType<FollowedLog['stats']> {
    return this.#log.stats()
  }

  async wait(from: Offset, ms: number, signal?: AbortSignal): Promise<boolean> {
    while (this.held) await settled()
    return this.#log.wait(from, ms, signal)
  }

  close(): ReturnType<FollowedLog['close']> {
    return this.#log.close()
  }
}

interface Pair {
  readonly meta: MetaLog
  readonly log: HeldLog
  readonly follower: MetaFollower
  readonly told: Command[]
  readonly failures: MillraceError[]
}

/** Metadata that is written by one engine and followed through another. */
async function pair(options: MetaLogOptions = {}): Promise<Pair> {
  const folder = scratch.fresh()
  const writer = await openNativeEngine(
    { kind: 'folder', path: folder },
    { durability: { mode: 'none' }, clock: systemClock },
  )
  const reader = await openNativeReader(folder, systemClock)
  engines.push(reader, writer)
  const meta = await MetaLog.open(await writer.openMeta(), { sync: false, ...options })
  const log = new HeldLog(reader.openMeta())
  const failures: MillraceError[] = []
  const follower = MetaFollower.open(log, (error) => failures.push(error))
  const told: Command[] = []
  follower.onChange((command) => told.push(command))
  return { meta, log, follower, told, failures }
}

describe('MetaFollower', () => {
  it('has what was proposed before it is asked, also when the log had no files', async () => {
    const { meta, follower } = await pair()
    expect(follower.state.streams.size).toBe(0)
    for (const name of ['a', 'b', 'c']) {
      await meta.propose(createStream(name))
      expect(plain(follower.state)).toEqual(plain(meta.state))
    }
    await meta.propose(deleteStream(meta.state, 'b'))
    expect(plain(follower.state)).toEqual(plain(meta.state))
  })

  it('tells each command that was applied, in order, without being asked', async () => {
    const { meta, follower, told } = await pair()
    const all = new Promise<void>((resolve) => {
      follower.onChange(({ kind }) => {
        if (kind === 'deleteStream') resolve()
      })
    })
    await meta.propose(createStream('a'))
    await meta.propose(createStream('a')) // stale
    await meta.propose(setRetention(meta.state, 'a', 48))
    await meta.propose(deleteStream(meta.state, 'a'))
    await all
    expect(told.map(({ kind }) => kind)).toEqual(['createStream', 'setRetention', 'deleteStream'])
  })

  it('begins again at a snapshot when the log was trimmed under it, and tells the difference', async () => {
    const { meta, log, follower, told } = await pair({ snapshotCommands: 4 })
    await meta.propose(createStream('kept'))
    await meta.propose(createStream('changed'))
    await meta.propose(createStream('gone'))
    expect(follower.state.streams.size).toBe(3)
    told.length = 0
    log.held = true
    await meta.propose(setRetention(meta.state, 'changed', 48))
    await meta.propose(deleteStream(meta.state, 'gone'))
    for (const name of ['new', 'e', 'f', 'g', 'h', 'i']) await meta.propose(createStream(name))
    for (const name of ['e', 'f', 'g', 'h', 'i']) await meta.propose(deleteStream(meta.state, name))
    log.held = false
    expect(plain(follower.state)).toEqual(plain(meta.state))
    expect(told.map((command) => `${command.kind} ${nameIn(command)}`)).toEqual([
      'deleteStream gone',
      'setRetention changed',
      'createStream new',
    ])
  })

  it('tells of documents that were made, changed and taken away meanwhile, and of no others', async () => {
    const { meta, log, follower, told } = await pair({ snapshotCommands: 4 })
    for (const name of ['kept', 'changed', 'gone']) await meta.propose(setDocument(meta.state, name, 1))
    expect(follower.state.documents.size).toBe(3)
    told.length = 0
    log.held = true
    await meta.propose(setDocument(meta.state, 'changed', 2))
    await meta.propose(setDocument(meta.state, 'gone'))
    await meta.propose(setDocument(meta.state, 'new', 1))
    for (let value = 0; value < 9; value++) await meta.propose(setDocument(meta.state, 'changed', value))
    log.held = false
    expect(plain(follower.state)).toEqual(plain(meta.state))
    expect(told.map((command) => `${command.kind} ${nameIn(command)}`).toSorted()).toEqual([
      'deleteDocument gone',
      'setDocument changed',
      'setDocument new',
    ])
  })

  it('tells a stream that was deleted and created again meanwhile as both', async () => {
    const { meta, log, follower, told } = await pair({ snapshotCommands: 3 })
    await meta.propose(createStream('a'))
    expect(follower.state.streams.size).toBe(1)
    told.length = 0
    log.held = true
    await meta.propose(deleteStream(meta.state, 'a'))
    await meta.propose({ ...createStream('a'), shards: otherShards() } as Command)
    for (const name of ['x', 'y', 'z']) await meta.propose(createStream(name))
    log.held = false
    expect(plain(follower.state)).toEqual(plain(meta.state))
    const toldOfA = told.filter((command) => nameIn(command) === 'a')
    expect(toldOfA.map(({ kind }) => kind)).toEqual(['deleteStream', 'createStream'])
  })

  it('follows any history, however far behind it falls', async () => {
    const step = fc.oneof(
      fc.record({ act: fc.constant('create'), name: fc.constantFrom('a', 'b', 'c', 'd') }),
      fc.record({ act: fc.constantFrom('delete', 'retain'), name: fc.constantFrom('a', 'b', 'c', 'd') }),
      fc.record({ act: fc.constantFrom('hold', 'release', 'look'), name: fc.constant('') }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { meta, log, follower, failures } = await pair({ snapshotCommands: 5 })
        const mirror = new Map<string, number>()
        follower.onChange((command) => {
          const id = streamId(keyOf(nameIn(command)))
          if (command.kind === 'deleteStream') expect(mirror.delete(id)).toBe(true)
          else if (command.kind === 'createStream') expect(mirror.has(id)).toBe(false)
          if ('retentionHours' in command) mirror.set(id, command.retentionHours)
        })
        for (const { act, name } of [...steps, { act: 'release', name: '' }]) {
          if (act === 'hold' || act === 'release') log.held = act === 'hold'
          else if (act === 'look') void follower.state
          else if (act === 'create')
            await meta.propose({ ...createStream(name), shards: otherShards() } as Command)
          else if (meta.state.streams.has(streamId(keyOf(name)))) {
            await meta.propose(
              act === 'delete' ? deleteStream(meta.state, name) : setRetention(meta.state, name, 48),
            )
          }
        }
        expect(plain(follower.state)).toEqual(plain(meta.state))
        expect([...mirror].toSorted()).toEqual(
          [...meta.state.streams].map(([id, { retentionHours }]) => [id, retentionHours]).toSorted(),
        )
        expect(failures).toEqual([])
        await Promise.all(engines.splice(0).map((engine) => engine.close()))
      }),
      { numRuns: 30 },
    )
  })

  it('refuses to change anything', async () => {
    const { follower } = await pair()
    expect(await codeOf(follower.propose())).toBe('ERR_MILLRACE_READ_ONLY')
  })

  it('says once that the metadata cannot be read any more, and throws it from then on', async () => {
    const { meta, log, follower, failures } = await pair()
    await meta.propose(createStream('a'))
    expect(follower.state.streams.size).toBe(1)
    log.read = () => {
      throw new MillraceError('ERR_MILLRACE_CORRUPT', 'damaged')
    }
    for (let times = 0; times < 2; times++) expect(() => follower.state).toThrow('damaged')
    expect(failures.map(({ code }) => code)).toEqual(['ERR_MILLRACE_CORRUPT'])
    await follower.close()
  })

  it('ends when it is closed, and keeps the state that it had', async () => {
    const { meta, follower } = await pair()
    await meta.propose(createStream('a'))
    expect(follower.state.streams.size).toBe(1)
    await follower.close()
    await meta.propose(createStream('b'))
    expect(follower.state.streams.size).toBe(1)
  })
})

let logs = 0

/** One shard, in a log that no other stream has. */
function otherShards(): Extract<Command, { readonly kind: 'createStream' }>['shards'] {
  const [shard] = (createStream('any') as Extract<Command, { readonly kind: 'createStream' }>).shards
  if (shard === undefined) throw new Error('no shard')
  logs += 1
  return [{ ...shard, slot: { kind: 'native', id: logs.toString(16).padStart(32, '0'), shard: 0 } }]
}
