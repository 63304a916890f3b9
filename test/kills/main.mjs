// node test/kills/main.mjs [--kills 200] [--seed N] [--durability process|commit|interval|none] [--folder <parent>]
//
// Kills so many writers of one store, and checks after each that nothing acknowledged is lost. Without --durability each
// opening has a mode of its own. Prints the seed, which repeats the plan, and one line at the end; after a failure the
// store is kept.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { existingFolder, oneOf, seedNumber, trialOptions, wholeNumber } from '../trials/trial-options.mjs'
import { Trial } from './trial.mjs'

const { values } = trialOptions({
  kills: wholeNumber(200),
  seed: seedNumber(),
  durability: oneOf(['process', 'commit', 'interval', 'none']),
  folder: existingFolder(tmpdir()),
})
const { kills, seed } = values

const parent = mkdtempSync(join(values.folder, 'millrace-kills-'))
const folder = join(parent, 'store')
const startedAt = performance.now()
process.stdout.write(`kills: ${kills}, seed ${seed}, mode ${values.durability ?? 'any'}, ${folder}\n`)
const trial = new Trial({
  folder,
  seed,
  kills,
  durability: values.durability,
  auditEvery: 10,
  verifyEvery: 25,
  onKill(counts) {
    if (counts.kills % 500 === 0) process.stdout.write(`kills: ${counts.kills} so far\n`)
  },
})
try {
  await trial.run()
  if (trial.counts.kills === 0) throw new Error('nothing was killed')
  rmSync(parent, { recursive: true })
  const { counts, ledger } = trial
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
  process.stdout.write(`kills: died after ${describe(counts.ends)}\n`)
  process.stdout.write(
    `kills: ${counts.kills} kills (${counts.time} by time, ${counts.event} after an event, ${counts.call} within a call), ` +
      `${ledger.records} records acknowledged, ${ledger.refused} refused, ${ledger.reshards} reshards and ` +
      `${ledger.changes} other changes acknowledged, ${ledger.created} streams created, ${ledger.deleted} deleted, ` +
      `${counts.recordsChecked} records checked, ${counts.audits} audits of 2 readers, ` +
      `${counts.verifications} verifications, 0 lost, 0 torn, 0 out of order, seed ${seed}, ${seconds} s\n`,
  )
} catch (error) {
  process.stderr.write(
    `kills: FAILED with seed ${seed} ${error.stack}\nkills: the store is kept: ${folder}\n`,
  )
  process.exitCode = 1
}

function describe(ends) {
  const sorted = Object.entries(ends).toSorted(([, a], [, b]) => b - a)
  return sorted.map(([event, count]) => `${event} ${count}`).join(', ')
}
