/** The promises of `LogEngine`, as one suite that every implementation runs. */
import { describe, expect, it } from 'vitest'
import type { ShardLog, Slot } from '../../src/log/log.ts'
import { routerClaims } from './claims/router.ts'
import { syncStatsClaims } from './claims/sync-stats.ts'
import { type ContractOptions, freshSubject, type MakeEngine, refusalOf, type Subject } from './subject.ts'
import { appendOne, readEverything, texts } from './traffic.ts'

const dayMs = 86_400_000

/** Runs the suite on an engine. */
export function logEngineContract(name: string, makeEngine: MakeEngine, options: ContractOptions = {}): void {
  describe(`${name}: an engine`, () => {
    const subject = freshSubject(makeEngine, options)
    namingClaims(subject)
    openingClaims(subject)
    removalClaims(subject)
    closingClaims(subject)
    routerClaims(subject)
    syncStatsClaims(subject)
  })
}

/** Names and opens logs, and gives each a record that says which it is. */
async function filled(
  subject: Subject,
  stream: string,
  count: number,
): Promise<(readonly [Slot, ShardLog])[]> {
  const slots = await subject.engine.create(stream, count, dayMs)
  return Promise.all(
    slots.map(async (slot, index) => {
      const log = await subject.engine.open(slot)
      await appendOne(log, `${stream}-${index}`)
      return [slot, log] as const
    }),
  )
}

/** What a log holds now, or why it cannot be opened. */
async function held(subject: Subject, slot: Slot): Promise<string[] | string> {
  let log: ShardLog | undefined
  const refusal = await refusalOf(async () => {
    log = await subject.engine.open(slot)
  })
  return log === undefined ? refusal : texts(await readEverything(log))
}

function namingClaims(subject: Subject): void {
  describe('create', () => {
    it('names as many logs as asked for, each only once', async () => {
      const one = await subject.engine.create('one', 5, dayMs)
      const two = await subject.engine.create('two', 1, dayMs)
      const names = [subject.slot, ...one, ...two].map((slot) => JSON.stringify(slot))
      expect([one.length, two.length, new Set(names).size]).toEqual([5, 1, 7])
    })

    it('names logs by plain data with a kind', async () => {
      const [slot] = await subject.engine.create('one', 1, dayMs)
      expect(typeof slot?.kind).toBe('string')
      expect(JSON.parse(JSON.stringify(slot))).toEqual(slot)
    })

    it('never names the log of an earlier stream of the same name', async () => {
      const [slot] = await subject.engine.create('again', 1, dayMs)
      expect(await subject.engine.create('again', 1, dayMs)).not.toEqual([slot])
    })

    it('takes stream names that no file could have', async () => {
      for (const stream of ['.', '..', 'a/b', 'x'.repeat(128)]) {
        expect(await filled(subject, stream, 1)).toHaveLength(1)
      }
    })
  })
}

function openingClaims(subject: Subject): void {
  describe('open', () => {
    it('refuses a log that is open, until it is closed', async () => {
      expect(await refusalOf(() => subject.engine.open(subject.slot))).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
      await appendOne(subject.log, 'still here')
      expect(texts(await readEverything(await subject.reopenLog()))).toEqual(['still here'])
    })

    it('opens the log of a slot that was stored as text', async () => {
      await appendOne(subject.log, 'a')
      await subject.log.close()
      const log = await subject.engine.open(JSON.parse(JSON.stringify(subject.slot)))
      expect(texts(await readEverything(log))).toEqual(['a'])
    })

    it('refuses a slot of another kind', async () => {
      expect(await refusalOf(() => subject.engine.open({ kind: 'elsewhere', id: 1 }))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
    })

    it('keeps logs apart', async () => {
      const logs = await filled(subject, 'apart', 8)
      await logs[3]?.[1].seal()
      await logs[5]?.[1].trim(2)
      const contents = await Promise.all(logs.map(async ([, log]) => texts(await readEverything(log)).join()))
      expect(contents).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((index) => (index === 5 ? '' : `apart-${index}`)))
      await Promise.all(
        [0, 1, 2, 4, 5, 6, 7].map((index) => appendOne(logs[index]?.[1] ?? subject.log, 'more')),
      )
      expect((await logs[3]?.[1].stats())?.next).toBeLessThanOrEqual(3)
    })

    it('has one log of the metadata, by the same rules', async () => {
      const meta = await subject.engine.openMeta()
      await appendOne(meta, 'command')
      expect(await refusalOf(() => subject.engine.openMeta())).toBe('ERR_MILLRACE_INVALID_ARGUMENT')
      await meta.close()
      expect(texts(await readEverything(await subject.engine.openMeta()))).toEqual(['command'])
      expect(await readEverything(subject.log)).toEqual([])
    })

    it('finds every log again after it was closed and opened', async (test) => {
      test.skip(subject.options.reopen === undefined, 'nothing outlives this engine')
      // Metadata first: an engine may take logs without any for the ruins of a store.
      await appendOne(await subject.engine.openMeta(), 'command')
      const logs = await filled(subject, 'kept', 5)
      await subject.reopenEngine()
      const contents = await Promise.all(logs.map(([slot]) => held(subject, slot)))
      expect(contents).toEqual([0, 1, 2, 3, 4].map((index) => [`kept-${index}`]))
      expect(texts(await readEverything(await subject.engine.openMeta()))).toEqual(['command'])
    })
  })

  describe('setRetention', () => {
    it('removes nothing by itself', async () => {
      await filled(subject, 'stream', 1)
      await appendOne(subject.log, 'old', 1)
      await subject.engine.setRetention('stream', 1)
      expect(texts(await readEverything(subject.log))).toEqual(['old'])
    })
  })
}

function removalClaims(subject: Subject): void {
  describe('drop', () => {
    it('removes the named logs with all they hold, and no others', async () => {
      const [gone, kept] = await filled(subject, 'stream', 2)
      await gone?.[1].close()
      await subject.engine.drop('stream', gone === undefined ? [] : [gone[0]])
      expect(await held(subject, gone?.[0] ?? subject.slot)).not.toContain('stream-0')
      expect(texts(await readEverything(kept?.[1] ?? subject.log))).toEqual(['stream-1'])
    })

    it('refuses when one of the logs is open, and removes none', async () => {
      const [closed, open] = await filled(subject, 'stream', 2)
      await closed?.[1].close()
      const slots = [closed, open].map((each) => each?.[0] ?? subject.slot)
      expect(await refusalOf(() => subject.engine.drop('stream', slots))).toBe(
        'ERR_MILLRACE_INVALID_ARGUMENT',
      )
      expect(await held(subject, closed?.[0] ?? subject.slot)).toEqual(['stream-0'])
    })

    it('takes logs that were never written or are gone already', async () => {
      const slots = await subject.engine.create('stream', 2, dayMs)
      expect(await refusalOf(() => subject.engine.drop('stream', slots))).toBe('none')
      expect(await refusalOf(() => subject.engine.drop('stream', slots))).toBe('none')
    })

    it('stays when the engine is opened again', async (test) => {
      test.skip(subject.options.reopen === undefined, 'nothing outlives this engine')
      await appendOne(subject.log, 'gone')
      const { slot } = subject
      await subject.log.close()
      await subject.engine.drop('stream', [slot])
      expect(texts(await readEverything(await subject.reopenEngine()))).toEqual([])
    })
  })

  describe('sweep', () => {
    it('removes every log that is not live, and no other', async () => {
      const logs = await filled(subject, 'stream', 4)
      await Promise.all(logs.map(([, log]) => log.close()))
      const slots = logs.map(([slot]) => slot)
      await subject.engine.sweep(slots.slice(2))
      const contents = await Promise.all(slots.map((slot) => held(subject, slot)))
      expect(contents.slice(2)).toEqual([['stream-2'], ['stream-3']])
      expect(contents.slice(0, 2).flat()).not.toContain('stream-0')
      expect(contents.slice(0, 2).flat()).not.toContain('stream-1')
    })

    it('keeps open logs and the log of the metadata', async () => {
      const meta = await subject.engine.openMeta()
      await appendOne(meta, 'command')
      await meta.close()
      await appendOne(subject.log, 'open')
      await subject.engine.sweep([])
      await appendOne(subject.log, 'still open')
      expect(texts(await readEverything(await subject.reopenLog()))).toEqual(['open', 'still open'])
      expect(texts(await readEverything(await subject.engine.openMeta()))).toEqual(['command'])
    })
  })
}

function closingClaims(subject: Subject): void {
  describe('close', () => {
    it('closes every open log and ends the waits', async () => {
      const meta = await subject.engine.openMeta()
      const waiting = refusalOf(async () => subject.log.wait(1, Number.POSITIVE_INFINITY))
      await subject.engine.close()
      expect(await waiting).toBe('ERR_MILLRACE_CLOSED')
      expect(await refusalOf(() => subject.log.stats())).toBe('ERR_MILLRACE_CLOSED')
      expect(await refusalOf(() => meta.stats())).toBe('ERR_MILLRACE_CLOSED')
    })

    it('may be called again, and logs may be closed after it', async () => {
      await subject.engine.close()
      expect(await refusalOf(() => subject.engine.close())).toBe('none')
      expect(await refusalOf(() => subject.log.close())).toBe('none')
    })

    it('makes every later call fail', async () => {
      const { engine, slot } = subject
      await engine.close()
      const calls = [
        () => engine.create('stream', 1, dayMs),
        () => engine.open(slot),
        () => engine.openMeta(),
        () => engine.setRetention('stream', dayMs),
        () => engine.drop('stream', [slot]),
        () => engine.sweep([]),
        () => engine.syncStats(),
        () => engine.router([0n]),
      ]
      expect(await Promise.all(calls.map(refusalOf))).toEqual(calls.map(() => 'ERR_MILLRACE_CLOSED'))
    })
  })
}
