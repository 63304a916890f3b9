import { cpSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { open, type Store } from '../../src/index.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { isOpen, setOtherBoot, setThisBoot } from './boot.ts'
import { type Expectation, expectationOf, keep, namesOf, unpackGolden, versions, type Views } from './kept.ts'
import { normalForm } from './normal-form.ts'
import { findings, look, lookAt } from './observe.ts'
import { recipes } from './recipes.ts'

/** The version that this one writes. */
const current = 'v1'
/** `npm run golden` makes the stores of the current version anew. */
const making = process.env['MILLRACE_GOLDEN'] === 'make'
/** Hash keys of which each shard of a stream has one, whatever their number up to four. */
const everyShard = [0n, 2n ** 126n, 2n ** 127n, 3n * 2n ** 126n, 2n ** 128n - 1n].map(String)

const scratch = new ScratchFolder()
afterAll(() => scratch.remove())

/** What there is to see of the store at `path`, which a writer opens at last. */
async function viewsOf(path: string, nowMs: number): Promise<Views> {
  return {
    findings: await findings(path),
    reader: await look(path, nowMs, true),
    writer: await look(path, nowMs, false),
  }
}

/** Appends to every shard that takes records; all of it is there once the store is opened again. */
async function goOn(path: string, nowMs: number): Promise<void> {
  const store = await open(path, { clock: new ManualClock(nowMs + 1) })
  const stored = await appendEverywhere(store)
  const after = await lookAt(store)
  await store.close()
  expect(await look(path, nowMs + 1, false)).toEqual(after)
  expect(stored.every((sequence) => JSON.stringify(after).includes(sequence))).toBe(true)
  expect((await findings(path)).filter((finding) => finding.startsWith('damage'))).toEqual([])
}

async function appendEverywhere(store: Store): Promise<string[]> {
  const stored: string[] = []
  for (const { name } of store.listStreams()) {
    const entries = everyShard.map((explicitHashKey) => ({
      partitionKey: 'new',
      data: Buffer.from('appended'),
      explicitHashKey,
    }))
    for (const result of await store.stream(name).putBatch(entries)) {
      if (result.ok) stored.push(result.sequenceNumber)
      else expect(result.error.code).toBe('ERR_MILLRACE_SHARD_SEALED')
    }
  }
  return stored
}

// Not while they are made anew: those of this version are on their way.
describe.skipIf(making)('stores of every released version', () => {
  for (const version of versions()) {
    for (const name of namesOf(version)) {
      const expectation = expectationOf(version, name)
      it(`${version}/${name}: shows what it showed when it was written, and goes on`, async () => {
        const path = scratch.fresh()
        unpackGolden(version, name, path)
        setOtherBoot(path)
        expect(await viewsOf(path, expectation.nowMs)).toEqual(expectation.otherBoot)
        await goOn(path, expectation.nowMs)
      })
      it.skipIf(expectation.sameBoot === undefined)(
        `${version}/${name}: loses nothing when only its process died${expectation.sameBoot === undefined ? ' (skipped: nobody had it open)' : ''}`,
        async () => {
          const path = scratch.fresh()
          unpackGolden(version, name, path)
          setThisBoot(path)
          const views = await viewsOf(path, expectation.nowMs)
          expect(views).toEqual(expectation.sameBoot)
          if (views.writer.refused === undefined) await goOn(path, expectation.nowMs)
        },
      )
    }
  }
})

describe('the stores of this version', () => {
  for (const [name, recipe] of Object.entries(recipes)) {
    it(`${name}: ${making ? 'is made' : 'is still written byte for byte'}`, async () => {
      const path = scratch.fresh()
      const clock = new ManualClock()
      await recipe(path, clock)
      if (making) return keep(current, name, path, await expectationFor(path, clock.nowMs()))
      const golden = scratch.fresh()
      unpackGolden(current, name, golden)
      const [made, kept] = await Promise.all([normalForm(path), normalForm(golden)])
      expect([...made.keys()]).toEqual([...kept.keys()])
      for (const [file, bytes] of made) expect(differenceOf(bytes, kept.get(file)), file).toBeUndefined()
    })
  }
})

async function expectationFor(path: string, nowMs: number): Promise<Expectation> {
  const copy = (): string => {
    const to = scratch.fresh()
    cpSync(path, to, { recursive: true })
    return to
  }
  const other = copy()
  setOtherBoot(other)
  const otherBoot = await viewsOf(other, nowMs)
  if (!isOpen(path)) return { nowMs, otherBoot }
  const same = copy()
  setThisBoot(same)
  return { nowMs, otherBoot, sameBoot: await viewsOf(same, nowMs) }
}

/** Where two files differ first. */
function differenceOf(made: Buffer, kept: Buffer | undefined): string | undefined {
  if (kept !== undefined && made.equals(kept)) return undefined
  const at = made.findIndex((byte, index) => byte !== kept?.[index])
  return `byte ${at}: ${made.subarray(at, at + 16).toString('hex')}, was ${kept?.subarray(at, at + 16).toString('hex')}`
}
