import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { setOtherBoot } from '../golden/boot.ts'
import { type Disk, type DiskKind, type DiskOptions, disksFor, makeOrSkip, type Skip } from './disk.ts'
import { durabilities, type Durability, endedWell, held, Load, missing } from './load.ts'
import type { Failure } from './program.ts'

const mebibyte = 1024 * 1024

let disk: Disk | undefined

afterEach(() => {
  disk?.remove()
  disk = undefined
})

/** What a write or sync that the device refused is told by. */
const refused = ['ERR_MILLRACE_IO', 'ERR_MILLRACE_POISONED']
/** A device that has no room says so in the same words as a file system, until something was lost. */
const refusedForRoom = [...refused, 'ERR_MILLRACE_NO_SPACE']

function expectCodes(failures: readonly Failure[], codes: readonly string[]): void {
  expect(failures).not.toEqual([])
  for (const { code, message } of failures) expect(codes, message).toContain(code)
}

/**
 * The device is back, with what it has, and the machine was restarted, as docs/durability.md asks: in the same boot the
 * page cache would be believed to hold what the disk never got.
 */
async function comeBack(on: Disk, load: Load, mode: Durability): Promise<ReadonlySet<number>> {
  on.unmount()
  on.mount()
  setOtherBoot(load.folder)
  const again = await Load.start(load.folder, mode, load)
  // Readers see all that survived once a writer has gone over it.
  expect(await again.put(64)).toEqual([])
  expect(await again.close()).toBeUndefined()
  expect(await again.end()).toEqual(endedWell)
  return held(load.folder)
}

const kinds = ['ext4', 'xfs'] as const satisfies readonly DiskKind[]

describe('a device that is lost', () => {
  it.for(disksFor(kinds, durabilities))(
    '%s, %s: ends writing with an errno, and takes nothing that was durable',
    async ([kind, mode], { skip }) => {
      const { disk: on, folder } = make(kind, skip)
      const load = await Load.start(folder, mode)
      await load.put(200)
      expect(await load.flush()).toBeUndefined()
      const flushed = new Set(load.stored)
      expectCodes(await load.putUntilRefused(() => on.shutDown()), refused)
      // Nothing is tried twice: of these, each shard gets some.
      if (mode !== 'none') expectCodes(await load.put(64), refused)
      await load.close()
      expect(await load.end()).toEqual(endedWell)
      // Of a store that never syncs there may be nothing at all.
      if (mode === 'none') return
      const durable = mode === 'commit' ? new Set(load.stored) : flushed
      expect(missing(await comeBack(on, load, mode), durable)).toEqual([])
    },
  )

  it.for(disksFor(kinds.toReversed(), ['process', 'commit', 'interval'] as const))(
    '%s, %s: has less room than it says, and takes nothing that was durable',
    async ([kind, mode], { skip }) => {
      const { disk: on, folder } = make(kind, skip, { thin: true })
      const load = await Load.start(folder, mode)
      await load.put(200)
      expect(await load.flush()).toBeUndefined()
      const flushed = new Set(load.stored)
      on.limitDevice(8 * mebibyte)
      expectCodes(await load.putUntilRefused(), refusedForRoom)
      await load.close()
      expect(await load.end()).toEqual(endedWell)
      on.limitDevice(1024 * mebibyte)
      const durable = mode === 'commit' ? new Set(load.stored) : flushed
      expect(missing(await comeBack(on, load, mode), durable)).toEqual([])
    },
  )

  it.for(disksFor(kinds, durabilities.toReversed()))(
    '%s, %s: is not made read-only under a writer, or that is told',
    async ([kind, mode], { skip }) => {
      const { disk: on, folder } = make(kind, skip)
      const load = await Load.start(folder, mode)
      await load.put(64)
      await load.begin()
      const readOnly = on.remountReadOnly()
      const failures = await load.stop()
      if (readOnly) expectCodes(failures, refused)
      else expect(failures).toEqual([])
      expect(missing(await held(folder), load.stored)).toEqual([])
      await load.close()
      expect(await load.end()).toEqual(endedWell)
    },
  )
})

function make(
  kind: DiskKind,
  skip: Skip,
  options: DiskOptions = {},
): { readonly disk: Disk; readonly folder: string } {
  disk = makeOrSkip(kind, skip, options)
  return { disk, folder: join(disk.path, 'store') }
}
