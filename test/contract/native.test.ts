import { rmSync } from 'node:fs'
import { afterAll, afterEach, beforeEach } from 'vitest'
import { openNativeEngine, openNativeReader } from '../../src/log/native.ts'
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

const inFolder: MakeEngine = (clock) =>
  openNativeEngine({ kind: 'folder', path: folder }, { durability: 'process', clock })

const withoutSync: MakeEngine = (clock) =>
  openNativeEngine({ kind: 'folder', path: folder }, { durability: 'none', clock })

const inMemory: MakeEngine = (clock) => openNativeEngine({ kind: 'memory' }, { durability: 'none', clock })

/** One engine writes, another one of the same folder reads. */
const besideAReader: MakeEngine = async (clock) =>
  new PairedEngine(await inFolder(clock), await openNativeReader(folder, clock))

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
  ['the native engine in a folder', inFolder, folderOptions(inFolder)],
  ['the native engine without sync', withoutSync, folderOptions(withoutSync)],
  ['the native reader beside a writer', besideAReader, folderOptions(besideAReader)],
  ['the native engine in memory', inMemory, { runs: 40 }],
] as const) {
  shardLogContract(name, make, options)
  logEngineContract(name, make, options)
}
