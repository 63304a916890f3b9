// node --expose-gc test/soak/main.mjs [--minutes 120] [--share 0.2] [--seed N] [--folder <parent>] [--every <seconds>]
//     [--samples <file>] [--warm-up 0.25]
//
// Keeps stores of every mode under a mixed load, with another process that tails one of them, and samples what both
// processes hold. Uses about `share` of one core. Ends with a table, and with exit code 1 if anything grows after the
// warm-up (a part of the time) by more than noise explains, the disk by more than the records do.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { processFigures } from '../trials/process-figures.mjs'
import { Random } from '../trials/random.mjs'
import { anyNumber, existingFolder, seedNumber, shapedText, trialOptions } from '../trials/trial-options.mjs'
import { Load } from './load.mjs'
import { fitLine, isFlat } from './slope.mjs'

const { values } = trialOptions({
  minutes: anyNumber(120, { above: 0 }),
  share: anyNumber(0.2, { above: 0, most: 1 }),
  seed: seedNumber(),
  folder: existingFolder(tmpdir()),
  every: anyNumber(undefined, { above: 0 }),
  samples: shapedText('the name of a file', /^[^-]/),
  'warm-up': anyNumber(0.25, { least: 0, below: 1 }),
})
const { minutes, share, seed, 'warm-up': warmUp } = values
const everyMs = (values.every ?? Math.min(30, minutes)) * 1000

/** Of each figure: what share of its mean it may gain, and what gain is nothing, whatever the mean. */
const allowances = {
  // Heaps take and give back memory in steps: this one lies between 65 and 125 MiB in the long run.
  rssAnon: { unit: 2 ** 20, name: 'RssAnon, MiB', share: 0.05, least: 24 * 2 ** 20 },
  // Machine code counts, too, and is made for what is seldom called after an hour still: 1.5 MiB of it an hour.
  heap: { unit: 2 ** 20, name: 'heap in use, MiB', share: 0.05, least: 4 * 2 ** 20 },
  // Of shards that are used: streams are made with one to four.
  descriptors: { unit: 1, name: 'descriptors', share: 0, least: 8 },
  // Each store keeps up to 64 segments mapped.
  mappings: { unit: 1, name: 'mappings', share: 0.05, least: 64 },
  threads: { unit: 1, name: 'threads', share: 0, least: 0.5 },
  // Pages of mapped files count while they are mapped: as much as the live segments hold.
  rss: { unit: 2 ** 20, name: 'RSS, MiB', share: 0.1, least: 128 * 2 ** 20 },
  // Up to three segments of a shard that turns over, and what is being replaced.
  files: { unit: 1, name: 'files', share: 0.1, least: 64 },
  // What is prepared for records to come, up to 8 MiB in each of two segments of a shard, the more the larger its segments
  // have become: four stores of up to eight shards. The records themselves may take more and more for hours: a shard that
  // fills its segments gets larger ones, up to 256 MiB, and gives them back as a whole.
  beyond: { unit: 2 ** 20, name: 'disk beyond records, MiB', share: 0.25, least: 4 * 8 * 16 * 2 ** 20 },
}

const parent = mkdtempSync(join(values.folder, 'millrace-soak-'))
const random = new Random(seed)
const samples = []
let stopping = false

process.stdout.write(
  `soak: ${minutes} minutes, seed ${seed}, a sample every ${everyMs / 1000} s, ${parent}\n`,
)
const modes = ['process', 'commit', 'interval', 'none']
const loads = modes.map((durability, index) => {
  return new Load(join(parent, durability), { durability }, new Random(random.seed()), index + 1)
})
for (const load of loads) await load.begin()
const reader = fork(
  fileURLToPath(new URL('programs/reader.mjs', import.meta.url)),
  [join(parent, 'process')],
  {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  },
)
reader.on('exit', (code, signal) => {
  if (stopping) return
  process.stderr.write(`soak: FAILED, the reader ended: ${signal ?? code}, seed ${seed}\n`)
  process.exit(1)
})
await once(reader, 'message')

const beganAt = performance.now()
let endAt = beganAt + minutes * 60_000
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (endAt = 0))
let sampleAt = beganAt + everyMs
while (performance.now() < endAt) {
  const before = performance.now()
  await random.pick(loads).step()
  if (before >= sampleAt) {
    await takeSample()
    sampleAt += everyMs
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMs()))
}
stopping = true
for (const load of loads) await load.end()
reader.disconnect()
report()
rmSync(parent, { recursive: true })

/** A load is not a race: until this process has used no more than its share of a core since it began. */
function pauseMs() {
  const { user, system } = process.cpuUsage()
  const aheadMs = (user + system) / 1000 / share - performance.now()
  return Math.min(Math.max(aheadMs, 0), 2_000)
}

async function takeSample() {
  globalThis.gc()
  // What the collector found is given back in a later turn.
  await new Promise((resolve) => setImmediate(resolve))
  globalThis.gc()
  reader.send('figures')
  const [{ figures: read, records }] = await once(reader, 'message')
  let stored = 0
  for (const load of loads) stored += await load.storedBytes()
  const { files, disk } = filesBelow(parent)
  const own = {
    ...processFigures(),
    heap: process.memoryUsage().heapUsed,
    files,
    disk,
    beyond: disk - stored,
  }
  const sample = { minute: (performance.now() - beganAt) / 60_000, writer: own, reader: read, records }
  samples.push(sample)
  if (values.samples !== undefined) appendFileSync(values.samples, `${JSON.stringify(sample)}\n`)
}

/** How many files there are, and what they take, holes left out. */
function filesBelow(folder) {
  const names = readdirSync(folder, { recursive: true })
  let disk = 0
  // Segments go at any moment.
  for (const name of names)
    disk += (statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0) * 512
  return { files: names.length, disk }
}

function report() {
  const ranMinutes = (performance.now() - beganAt) / 60_000
  const counted = samples.filter(({ minute }) => minute >= ranMinutes * warmUp)
  const lines = []
  let isGrowing = false
  for (const side of ['writer', 'reader']) {
    for (const [figure, allowance] of Object.entries(allowances)) {
      if (counted[0]?.[side][figure] === undefined) continue
      const line = fitLine(counted.map((sample) => [sample.minute, sample[side][figure]]))
      const flat = isFlat(line, allowance)
      isGrowing ||= !flat
      const shown = (value) => (value / allowance.unit).toFixed(2)
      const perHour = shown(line.slope * 60)
      const first = shown(counted[0][side][figure])
      const last = shown(counted.at(-1)[side][figure])
      lines.push([
        side,
        allowance.name,
        first,
        last,
        shown(line.mean),
        shown(line.noise),
        perHour,
        flat ? 'flat' : 'GROWS',
      ])
    }
  }
  const steps = loads.reduce((sum, load) => sum + load.steps, 0)
  const records = loads.reduce((sum, load) => sum + load.records, 0)
  const isTooLittle = counted.length < 10 || steps === 0 || records === 0
  const verdict = isGrowing ? 'GROWS' : isTooLittle ? 'TOO LITTLE to tell' : 'flat'
  const head = ['process', 'figure', 'first', 'last', 'mean', 'noise', 'slope/h', '']
  for (const line of [head, ...lines]) {
    process.stdout.write(
      `${line.map((cell, at) => (at < 2 ? cell.padEnd(at === 0 ? 8 : 26) : cell.padStart(9))).join(' ')}\n`,
    )
  }
  process.stdout.write(
    `soak: ${verdict}: ${ranMinutes.toFixed(1)} minutes, ${counted.length} samples after the warm-up, ${steps} steps, ` +
      `${records} records put, ${samples.at(-1)?.records} read elsewhere, seed ${seed}\n`,
  )
  if (verdict !== 'flat') process.exitCode = 1
}
