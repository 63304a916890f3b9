// node --expose-gc test/lifetimes/main.mjs [--cycles 10000] [--seed N] [--folder <parent>]
//
// Lends memory and takes it back, so many times, while everything that can end does; then nothing of the store may be
// mapped or open, and the process has as many descriptors as before.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { heldFrom, processFigures } from '../trials/process-figures.mjs'
import { Random } from '../trials/random.mjs'
import { existingFolder, seedNumber, trialOptions, wholeNumber } from '../trials/trial-options.mjs'
import { LentMemory } from './lent-memory.mjs'

const { values } = trialOptions({
  cycles: wholeNumber(10_000),
  seed: seedNumber(),
  folder: existingFolder(tmpdir()),
})
const { cycles, seed } = values
/** So often everything is released, and nothing may be lent after it. */
const restEvery = 500
/** Turns of the event loop until what was forgotten must have been found. */
const turnsMax = 20_000

const parent = mkdtempSync(join(values.folder, 'millrace-lifetimes-'))
const startedAt = performance.now()
process.stdout.write(`lifetimes: ${cycles} cycles, seed ${seed}, ${parent}\n`)
let cycle = 0
try {
  await run()
  rmSync(parent, { recursive: true })
} catch (error) {
  process.stderr.write(`lifetimes: FAILED in cycle ${cycle} with seed ${seed}: ${error.stack}\n`)
  process.exitCode = 1
}

async function run() {
  await passOnce()
  const before = processFigures()
  const { counts, mostMapped, rests } = await lend()
  await until(
    () => isEmpty(heldFrom(parent)),
    () => `after closing, ${JSON.stringify(heldFrom(parent))} of the store are held`,
  )
  const after = processFigures()
  if (after.descriptors !== before.descriptors || after.threads > before.threads)
    throw new Error(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`)
  if (Object.values(counts).every((count) => count === 0)) throw new Error('nothing was done')
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  const did = Object.entries(counts).map(([step, count]) => `${step} ${count}`)
  process.stdout.write(
    `lifetimes: ${did.join(', ')}\nlifetimes: ${cycles} cycles, at most ${(mostMapped / 2 ** 20).toFixed(0)} MiB mapped, ` +
      `nothing lent after each of ${rests} rests; at the end 0 bytes mapped and 0 descriptors of the store, ` +
      `${after.descriptors} descriptors as before, seed ${seed}, ${seconds} s\n`,
  )
}

/** What a process opens once and for all is open before the count begins. */
async function passOnce() {
  const first = new LentMemory(join(parent, 'first'), new Random(seed))
  await first.begin()
  await first.hold()
  first.releaseAll()
  await first.end()
  await until(
    () => isEmpty(heldFrom(parent)),
    () => 'the first store is still held',
  )
}

async function lend() {
  const folder = join(parent, 'store')
  const memory = new LentMemory(folder, new Random(seed))
  let [mostMapped, rests] = [0, 0]
  await memory.begin()
  for (cycle = 1; cycle <= cycles; cycle++) {
    await memory.step()
    if (cycle % 100 === 0) mostMapped = Math.max(mostMapped, heldFrom(folder).mappedBytes)
    if (cycle % restEvery !== 0) continue
    memory.releaseAll()
    await until(
      () => lentMappings(folder) === 0,
      () => `${lentMappings(folder)} segments are lent, and nobody has a lease`,
    )
    rests += 1
  }
  memory.releaseAll()
  await memory.end()
  return { counts: memory.counts, mostMapped, rests }
}

/** Segments that are lent: nothing else of ours is private and writable. */
function lentMappings(folder) {
  const lines = readFileSync('/proc/self/maps', 'utf8').split('\n')
  return lines.filter((line) => line.includes(folder) && /^\S+ rw-p/.test(line)).length
}

function isEmpty({ mappedBytes, descriptors }) {
  return mappedBytes === 0 && descriptors === 0
}

async function until(done, complaint) {
  for (let turn = 0; turn < turnsMax; turn++) {
    if (done()) return
    if (turn % 20 === 0) globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(complaint())
}
