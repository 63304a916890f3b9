// A store in plain JavaScript over the bare addon: what the programs beside do their work with. Node 20 runs no
// TypeScript in a child process or a worker.
import { createRequire } from 'node:module'

/** A record of three bytes, as often as asked for in one batch. */
export function appendTo(log, count) {
  const columns = new Uint32Array(count * 6)
  for (let index = 0; index < count; index++) columns.set([0, 1, 1, 2, 0xffff_ffff, 0], index * 6)
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  const offsets = new Float64Array(count)
  const times = new Float64Array(count)
  return log.append(Buffer.from('kdd'), columns, order, 0, count, 1_000, offsets, times)
}

/** The first sequence number that is not taken. */
export function nextOf(log) {
  const stats = new Float64Array(9)
  log.stats(stats)
  return stats[1]
}

/** An engine, in memory without a folder, and the log that every program uses. */
export async function openStore(addonFile, folder) {
  const addon = createRequire(import.meta.url)(addonFile)
  const engine = folder === undefined ? addon.openMemory() : await addon.openFolder(folder, true)
  return { engine, log: engine.openLog('ab'.repeat(16), 0) }
}
