// node test/tails/main.mjs [--records 10000000] [--shards 4] [--seed N] [--folder <parent>]
//
// One writer process and four reader processes on one store, all at the same time: each reader sees every record once, in
// its order, with every byte as it was put.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../../dist/index.js'
import { existingFolder, seedNumber, trialOptions, wholeNumber } from '../trials/trial-options.mjs'

const { values } = trialOptions({
  records: wholeNumber(10_000_000),
  // Each record says in one byte which shard it is of.
  shards: wholeNumber(4, { most: 256 }),
  seed: seedNumber(),
  folder: existingFolder(tmpdir()),
})
const parent = mkdtempSync(join(values.folder, 'millrace-tails-'))
const folder = join(parent, 'store')
const startedAt = performance.now()
process.stdout.write(`tails: ${values.records} records, seed ${values.seed}, ${folder}\n`)
const children = []
try {
  await run()
  rmSync(parent, { recursive: true })
} catch (error) {
  for (const child of children) child.kill('SIGKILL')
  process.stderr.write(
    `tails: FAILED with seed ${values.seed}: ${error.stack}\ntails: the store is kept: ${folder}\n`,
  )
  process.exitCode = 1
}

async function run() {
  const store = await open(folder)
  await store.createStream('s', { shards: values.shards })
  await store.close()
  const ways = ['batches', 'reuse', 'lease', 'records']
  const readers = ways.map((how) => start('reader', values.records, how))
  await Promise.all(readers.map((reader) => answerOf(reader, (message) => message === 'ready')))
  const seen = readers.map((reader) => answerOf(reader, (message) => message.seen !== undefined))
  const stored = answerOf(
    start('writer', values.records, values.seed),
    (message) => message.stored !== undefined,
  )
  let storedAt = 0
  void stored.then(
    () => (storedAt = performance.now()),
    () => {},
  )
  const [{ stored: wanted }, ...answers] = await Promise.all([stored, ...seen])
  for (const [index, answer] of answers.entries()) {
    if (answer.seen.join() !== wanted.join())
      throw new Error(`the reader by ${ways[index]} saw ${answer.seen} records, of ${wanted}`)
  }
  const total = wanted.reduce((sum, count) => sum + count, 0)
  if (total === 0) throw new Error('no record was stored')
  process.stdout.write(
    `tails: ${total} records stored in ${secondsTo(storedAt)} s and seen by each of ${readers.length} processes after ` +
      `${secondsTo(performance.now())} s: 0 torn, 0 lost, 0 reordered, seed ${values.seed}\n`,
  )
}

function secondsTo(at) {
  return ((at - startedAt) / 1000).toFixed(1)
}

function start(program, ...args) {
  const file = fileURLToPath(new URL(`programs/${program}.mjs`, import.meta.url))
  const child = fork(file, [folder, ...args.map(String)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  children.push(child)
  return child
}

/** The first message of a kind; an error when the child says that something is wrong, or ends without a word. */
async function answerOf(child, isWanted) {
  return new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message.failed !== undefined) reject(new Error(message.failed))
      else if (isWanted(message)) resolve(message)
    })
    child.once('exit', (code, signal) => reject(new Error(`a process ended: ${signal ?? code}`)))
  })
}
