// Crash-state replay of whole stores: programs use the public API while their addon writes every change to the disk into a
// journal; of each journal, folders are made as a loss of power may have left them; and each is opened and compared
// with what had been promised (test/crash).
//   --states N      how many folders, over all workloads; default 600
//   --seed S        of the first workload; default 1
//   --steps N       calls of a workload; default 150
//   --replay TOKEN  one state of a failure that was kept, as it was printed
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seedNumber, shapedText, trialOptions, wholeNumber } from '../test/trials/trial-options.mjs'
import { root } from './native-sources.mjs'

const modes = ['process', 'commit', 'interval']
/** Folders that are made before they are looked at; they lie in memory. */
const batchStates = 100
const judgeCount = 2
const programs = join(root, 'test', 'crash', 'programs')
const kept = join(root, 'build', 'failed-stores')
const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

const { values: options } = trialOptions({
  states: wholeNumber(600),
  // Each workload's is multiplied for its states.
  seed: seedNumber(1, { most: 2 ** 32 }),
  steps: wholeNumber(150),
  replay: shapedText('a state as it was printed, such as 1-commit:2:3', /^\d+-[a-z]+:\d+:\d+$/),
})

const scratch = mkdtempSync(join(memory, 'millrace-stores-'))
try {
  process.exitCode = (await (options.replay === undefined ? runAll() : replay(options.replay))) ? 0 : 1
} finally {
  rmSync(scratch, { recursive: true })
}

/** Whether every state was as promised. */
async function runAll() {
  const { states } = options
  const each = Math.ceil(states / Math.max(modes.length, Math.ceil(states / 400)))
  let done = 0
  let made = 0
  let failed = 0
  for (let index = 0; done < states; index++) {
    const workload = { seed: options.seed + index, mode: modes[index % modes.length] }
    const wanted = Math.min(each, states - done)
    const outcome = await replayWorkload(workload, wanted)
    process.stdout.write(
      `${workload.mode}, seed ${workload.seed}: ${outcome.calls} calls, ${outcome.states} states, ${outcome.failed} failed\n`,
    )
    done += wanted
    made += outcome.states
    failed += outcome.failed
  }
  process.stdout.write(`${made} states, ${failed} failed\n`)
  return made > 0 && failed === 0
}

async function replayWorkload({ seed, mode }, states) {
  const name = `${seed}-${mode}`
  const folder = join(scratch, name)
  mkdirSync(folder)
  const journal = join(folder, 'journal')
  const ledger = join(folder, 'ledger')
  const environment = {
    MILLRACE_NATIVE: join(root, 'build', 'Release', 'millrace_recording.node'),
    MILLRACE_JOURNAL: journal,
  }
  const workload = join(programs, 'workload.mjs')
  await run(
    process.execPath,
    [workload, join(folder, 'store'), journal, ledger, seed, mode, options.steps],
    environment,
  )
  const counts = { calls: 0, states: 0, failed: 0 }
  for (let from = 0; from < states; from += batchStates) {
    const into = join(folder, 'states')
    const sample = `${Math.min(batchStates, states - from)}`
    const made = await materialize([
      journal,
      '--root',
      join(folder, 'store'),
      '--into',
      into,
      '--sample',
      sample,
      '--seed',
      seed * 100_000 + from,
    ])
    counts.calls = made.calls
    counts.states += made.states.length
    for (const { token, complaint, loss } of await judged(made.states, ledger)) {
      counts.failed += 1
      process.stdout.write(`${name}:${token} (${loss}): ${complaint}\n`)
      mkdirSync(kept, { recursive: true })
      for (const file of ['journal', 'ledger']) cpSync(join(folder, file), join(kept, `${name}.${file}`))
    }
    rmSync(into, { recursive: true })
  }
  rmSync(folder, { recursive: true })
  return counts
}

/** One state once more. Journals are kept with failures: threads make each run's another one. */
async function replay(token) {
  const [name, cut, seed] = token.split(':')
  const into = join(scratch, 'state')
  const made = await materialize([
    join(kept, `${name}.journal`),
    '--into',
    into,
    '--cut',
    cut,
    '--seed',
    seed,
  ])
  const failures = await judged(made.states, join(kept, `${name}.ledger`))
  for (const { complaint } of failures) process.stdout.write(`${complaint}\n`)
  return made.states.length > 0 && failures.length === 0
}

/** The states that were made: {folder, at, token, loss} each. */
async function materialize(args) {
  const said = await run(join(root, 'build', 'millrace_crash'), ['materialize', ...args])
  const lines = said.split('\n').filter((line) => line !== '')
  const states = lines.map((line) => {
    const [cut, seed, at, folder, ...loss] = line.split(' ')
    return { token: `${cut}:${seed}`, at: Number(at), folder, loss: loss.join(' ') }
  })
  return { calls: Math.max(0, ...states.map(({ token }) => Number(token.split(':')[0]))), states }
}

/** Those that are not as the ledger promises. */
async function judged(states, ledger) {
  const queue = [...states]
  const failures = []
  const judge = async () => {
    const child = spawn(process.execPath, [join(programs, 'judge.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
      child.stdin.write(`${JSON.stringify({ folder: state.folder, ledger, at: state.at })}\n`)
      const { done, value } = await answers.next()
      const complaint = done ? 'the process that opened it died' : JSON.parse(value).complaint
      if (complaint !== undefined) failures.push({ ...state, complaint })
      if (done) return
    }
    child.stdin.end()
  }
  await Promise.all(Array.from({ length: judgeCount }, judge))
  if (queue.length > 0) throw new Error(`${queue.length} states were not looked at`)
  return failures
}

/** What a program printed; rejects if it failed. */
function run(program, args, environment = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args.map(String), {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...environment },
    })
    const said = []
    child.stdout.on('data', (chunk) => said.push(chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(said).toString())
      else reject(new Error(`${program} ${args.join(' ')} ended with ${signal ?? code}`))
    })
  })
}
