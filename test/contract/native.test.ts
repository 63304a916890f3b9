import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeEach } from 'vitest'
import { type NativeDurability, openNativeEngine, openNativeReader } from '../../src/log/native.ts'
import { MiB } from '../../src/units.ts'
import { ScratchFolder } from '../native/scratch-folder.ts'
import { SmallDisk } from '../native/small-disk.ts'
import { logEngineContract } from './log-engine.contract.ts'
import { PairedEngine } from './paired-engine.ts'
import { shardLogContract } from './shard-log.contract.ts'
import type { ContractOptions, MakeEngine } from './subject.ts'

const scratch = new ScratchFolder()
const smallDisk = SmallDisk.mount()
let folder = ''

beforeEach(() => {
  folder = scratch.fresh()
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
afterAll(() => {
  smallDisk?.unmount()
  scratch.remove()
})

const inFolder =
  (durability: NativeDurability): MakeEngine =>
  (clock) =>
    openNativeEngine({ kind: 'folder', path: folder }, { durability, clock })

const inMemory: MakeEngine = (clock) =>
  openNativeEngine({ kind: 'memory' }, { durability: { mode: 'none' }, clock })

const process = inFolder({ mode: 'process' })
const none = inFolder({ mode: 'none' })
const commit = inFolder({ mode: 'commit', visibility: 'durable' })
const shownEarly = inFolder({ mode: 'commit', visibility: 'committed' })
const interval = inFolder({ mode: 'interval', intervalMs: 50, intervalBytes: 16 * MiB })

/** One engine writes, another one of the same folder reads. */
const besideAReader =
  (make: MakeEngine): MakeEngine =>
  async (clock) =>
    new PairedEngine(await make(clock), await openNativeReader(folder, clock))

/** What a folder holds is there for the next engine; a disk that fills up takes a mount of its own. */
function folderOptions(make: MakeEngine): ContractOptions {
  const reopens: ContractOptions = { runs: 40, reopen: (_closed, clock) => make(clock) }
  if (smallDisk === undefined) return reopens
  return {
    ...reopens,
    makeFull: (clock) => {
      folder = smallDisk.fresh()
      return make(clock)
    },
  }
}

for (const [name, make, options] of [
  ['the native engine in a folder', process, folderOptions(process)],
  ['the native engine without sync', none, folderOptions(none)],
  ['the native engine with a sync a commit', commit, folderOptions(commit)],
  ['the native engine that shows what is not synced yet', shownEarly, folderOptions(shownEarly)],
  ['the native engine with a sync an interval', interval, folderOptions(interval)],
  ['the native reader beside a writer', besideAReader(process), folderOptions(besideAReader(process))],
  ['the native reader beside a commit', besideAReader(commit), folderOptions(besideAReader(commit))],
  ['the native engine in memory', inMemory, { runs: 40 }],
] as const) {
  shardLogContract(name, make, options)
  logEngineContract(name, make, options)
}
