// Kills writers of one store again and again, and holds the store against what they had acknowledged.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { open } from '../../dist/index.js'
import { inspectStore } from '../../dist/inspect.js'
import { hourMs, standingClock } from '../trials/moving-clock.mjs'
import { Random } from '../trials/random.mjs'
import { planKill } from './kill-plan.mjs'
import { Ledger } from './ledger.mjs'
import { Life } from './life.mjs'
import { StreamView } from './shard-view.mjs'

const readerProgram = fileURLToPath(new URL('programs/reader.mjs', import.meta.url))
const startMs = Date.UTC(2026, 0, 1)
/** Calls of each strand of a writer that nobody kills. */
const callsOfLastLife = 60
const callsMax = 1_000_000

export class Trial {
  #options
  #random
  #ledger = new Ledger(startMs)
  #readers = []
  #failure = Promise.withResolvers?.() ?? withResolvers()
  #audits = 0
  /** The streams that there were when the last writer had died. */
  #seen = []
  /** What there was to see, for the summary. */
  counts = { kills: 0, time: 0, event: 0, call: 0, recordsChecked: 0, audits: 0, verifications: 0, ends: {} }

  /**
   * @param {{ folder: string, seed: number, kills: number, durability?: string, auditEvery: number, verifyEvery: number,
   *   onKill: (counts: object) => void }} options
   */
  constructor(options) {
    this.#options = options
    this.#random = new Random(options.seed)
    this.#failure.promise.catch(() => {})
  }

  get ledger() {
    return this.#ledger
  }

  /** Rejects with the first thing that is wrong; its message says after which kill. */
  async run() {
    let spare
    try {
      await (await open(this.#options.folder)).close()
      this.#readers = await Promise.all(['copy', 'lease'].map((how) => this.#startReader(how)))
      for (let life = 1; life <= this.#options.kills; life++) {
        const writer = spare ?? new Life()
        spare = life < this.#options.kills ? new Life() : undefined
        await this.#killOnce(writer, life)
        this.#options.onKill(this.counts)
      }
      await this.#endWell(this.#options.kills + 1)
    } catch (error) {
      error.message = `after kill ${this.counts.kills}: ${error.message}`
      throw error
    } finally {
      await spare?.end()
      for (const reader of this.#readers) reader.kill('SIGKILL')
    }
  }

  async #killOnce(writer, life) {
    const random = new Random(this.#random.seed())
    const plan = planKill(random)
    const end = await this.#live(writer, life, plan, callsMax)
    if (end !== 'SIGKILL') throw new Error(`the writer ended by itself: ${end}`)
    this.counts.kills += 1
    this.counts[plan.kind] += 1
    this.counts.ends[this.#lastEvent] = (this.counts.ends[this.#lastEvent] ?? 0) + 1
    await this.#judge()
    if (life % this.#options.auditEvery === 0) await this.#audit()
    if (life % this.#options.verifyEvery === 0) await this.#verify()
  }

  #lastEvent = 'nothing'

  async #live(writer, life, plan, calls) {
    this.#ledger.timeIs(this.#ledger.nowMs + this.#random.between(2, 8) * hourMs)
    const order = {
      life,
      calls,
      folder: this.#options.folder,
      durability: this.#options.durability,
      seed: this.#random.seed(),
      clockMs: this.#ledger.nowMs,
      nextNumber: this.#ledger.nextNumber,
      streams: this.#ledger.streams.map(({ name, number, hoursMin, state }) => {
        return { name, number, shortestHours: hoursMin, isSure: state === 'there' }
      }),
    }
    this.#lastEvent = 'nothing'
    let wrong
    const end = await this.#orFailure(
      writer.live(order, plan, (line) => {
        try {
          this.#heard(line)
        } catch (error) {
          wrong ??= error
        }
      }),
    )
    if (wrong !== undefined) throw wrong
    return end
  }

  #heard(line) {
    const [event, name] = line
    if (event === 'failed') throw new Error(`the writer failed: ${name}`)
    this.#lastEvent = event
    this.#ledger.note(line)
    if (event !== 'created') return
    const stream = this.#ledger.streams.find((known) => known.name === name)
    for (const reader of this.#readers) reader.send({ follow: { name, number: stream.number } })
  }

  /** A store that is opened to be read shows all that was acknowledged, as it was put, and nothing doubtful. */
  async #judge() {
    const clock = standingClock(startMs)
    const store = await open(this.#options.folder, { readOnly: true, clock })
    try {
      this.#seen = this.#ledger.settle(store.listStreams().map(({ name }) => name))
      for (const known of this.#seen) {
        const view = new StreamView(known.number)
        const stream = store.stream(known.name)
        this.counts.recordsChecked += await this.#orFailure(view.follow(stream, { until: 'tail' }))
        known.check(view)
        known.metadata.check(stream)
      }
    } finally {
      await store.close()
    }
  }

  /** Readers that have been there all the time have seen what there is, and nothing else. */
  async #audit() {
    const id = ++this.#audits
    const streams = this.#seen.map(({ name, number }) => ({ name, number }))
    const answers = this.#readers.map(async (reader) => {
      for (;;) {
        const [answer] = await once(reader, 'message')
        if (answer.audit === id) return answer.records
      }
    })
    for (const reader of this.#readers) reader.send({ audit: id, streams })
    const seen = await this.#orFailure(Promise.all(answers))
    this.counts.audits += 1
    this.counts.recordsChecked += seen.reduce((sum, records) => sum + records, 0)
  }

  async #verify() {
    const { findings } = await inspectStore(this.#options.folder, { everyByte: true })
    const damage = findings.filter(({ severity }) => severity === 'damage')
    if (damage.length > 0) throw new Error(`verify finds damage: ${JSON.stringify(damage)}`)
    this.counts.verifications += 1
  }

  /** A last writer finds everything, goes on, and closes the store: then nothing is left of all those deaths. */
  async #endWell(life) {
    const end = await this.#live(new Life(), life, { kind: 'none' }, callsOfLastLife)
    if (end !== 0) throw new Error(`the last writer ended with ${end}`)
    await this.#judge()
    await this.#audit()
    await this.#verify()
    const { folder } = this.#options
    // A worker that was ended between removing a shard and its log leaves the log to whoever opens the store next.
    await (await open(folder, { clock: standingClock(this.#ledger.nowMs) })).close()
    const { logs, findings } = await inspectStore(folder, { everyByte: false })
    const orphans = logs.filter(({ folder: log, owner }) => owner === null && log !== 'meta')
    if (orphans.length > 0) throw new Error(`logs of no stream: ${orphans.map((log) => log.folder)}`)
    // A shard that was not opened since its writer died may still have a segment that was being prepared.
    const damage = findings.filter(({ severity }) => severity === 'damage')
    if (damage.length > 0) throw new Error(`a closed store is damaged: ${JSON.stringify(damage)}`)
    const left = readdirSync(folder, { recursive: true }).filter((name) => /\.trash|quarantine/.test(name))
    if (left.length > 0) throw new Error(`left behind: ${left.map((name) => join(folder, name))}`)
  }

  async #startReader(how) {
    const { folder } = this.#options
    const reader = fork(readerProgram, [folder, String(startMs), how], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    reader.on('message', ({ failed }) => {
      if (failed !== undefined) this.#failure.reject(new Error(`a reader (${how}): ${failed}`))
    })
    reader.on('exit', (code, signal) =>
      this.#failure.reject(new Error(`a reader (${how}) ended: ${signal ?? code}`)),
    )
    await once(reader, 'message')
    return reader
  }

  /** A promise, unless a reader finds something first. */
  #orFailure(promise) {
    return Promise.race([promise, this.#failure.promise])
  }
}

function withResolvers() {
  let reject
  const promise = new Promise((_resolve, rejects) => {
    reject = rejects
  })
  return { promise, reject }
}
