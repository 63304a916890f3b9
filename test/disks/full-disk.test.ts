import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Disk, type DiskKind, disksFor, makeOrSkip, type Skip } from './disk.ts'
import { codesOf, durabilities, type Durability, endedWell, held, Load, missing } from './load.ts'

const kinds: readonly DiskKind[] = ['ext4', 'xfs', 'tmpfs']
const mebibyte = 1024 * 1024
const noSpace = 'ERR_MILLRACE_NO_SPACE'

let disk: Disk | undefined

afterEach(() => {
  disk?.remove()
  disk = undefined
})

function make(kind: DiskKind, skip: Skip): { readonly disk: Disk; readonly folder: string } {
  disk = makeOrSkip(kind, skip)
  return { disk, folder: join(disk.path, 'store') }
}

/** Fills the disk under load, to its last block, and goes on until no shard takes a record. */
async function fillUnder(load: Load, on: Disk): Promise<void> {
  on.leave(12 * mebibyte)
  expect(codesOf(await load.putUntilRefused())).toEqual([noSpace])
  on.fill()
  // What a shard has reserved it fills, small records after the large ones found no room; then it takes nothing.
  for (let before = -1; before < load.stored.size;) {
    before = load.stored.size
    expect(codesOf(await load.put(3_000))).toEqual([noSpace])
    on.fill()
  }
}

describe('a full disk', () => {
  it.for(disksFor(kinds, durabilities))(
    '%s, %s: refuses with a code, keeps what it has and goes on by itself',
    async ([kind, mode], { skip }) => {
      const { disk: on, folder } = make(kind, skip)
      const load = await Load.start(folder, mode)
      await load.put(64)
      await fillUnder(load, on)
      expect(missing(await held(folder), load.stored)).toEqual([])
      on.release()
      expect(await load.put(200)).toEqual([])
      expect(await load.flush()).toBeUndefined()
      expect(missing(await held(folder), load.stored)).toEqual([])
      expect(await load.close()).toBeUndefined()
      expect(await load.end()).toEqual(endedWell)
    },
  )

  it.for(disksFor(kinds.toReversed(), durabilities))(
    '%s, %s: is opened again, after a close and after a death',
    async ([kind, mode], { skip }) => {
      const { disk: on, folder } = make(kind, skip)
      let load = await Load.start(folder, mode)
      await load.put(64)
      await fillUnder(load, on)
      expect(await load.close()).toBeUndefined()
      expect(await load.end()).toEqual(endedWell)
      on.fill()
      for (const next of othersThan(mode)) {
        load = await Load.start(folder, next, load)
        expect(missing(await held(folder), load.stored)).toEqual([])
        expect(codesOf(await load.put(64))).toEqual([noSpace])
        await load.kill()
        on.fill()
      }
      on.release()
      load = await Load.start(folder, mode, load)
      expect(await load.put(200)).toEqual([])
      expect(missing(await held(folder), load.stored)).toEqual([])
      expect(await load.close()).toBeUndefined()
      expect(await load.end()).toEqual(endedWell)
    },
  )

  it.for(disksFor(kinds, durabilities.toReversed()))(
    '%s, %s: creates and deletes streams, or says why not',
    async ([kind, mode], { skip }) => {
      const { disk: on, folder } = make(kind, skip)
      const load = await Load.start(folder, mode)
      expect(await load.createStream('before')).toBeUndefined()
      await load.put(64)
      await fillUnder(load, on)
      expect([undefined, noSpace]).toContain((await load.createStream('meanwhile'))?.code)
      expect([undefined, noSpace]).toContain((await load.deleteStream('before'))?.code)
      on.release()
      expect(await load.createStream('after')).toBeUndefined()
      // The stream takes room and gives it back: its writer goes on.
      expect(await load.deleteStream('s')).toBeUndefined()
      expect(await load.close()).toBeUndefined()
      expect(await load.end()).toEqual(endedWell)
    },
  )
})

/** Two other modes: a mode belongs to an opening. */
function othersThan(mode: Durability): readonly Durability[] {
  const others = durabilities.filter((other) => other !== mode)
  return mode === 'commit' || mode === 'none' ? others.slice(0, 2) : others.slice(1)
}
