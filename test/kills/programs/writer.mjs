// A writer that is to be killed. Says 'ready', is told its life by a message, then makes all public calls at random until
// it dies, and reports each (report.mjs) with what came of it. After `calls` of them it ends by itself, in good order.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { open } from '../../../dist/index.js'
import { hourMs, MovingClock } from '../../trials/moving-clock.mjs'
import { Noise, Random } from '../../trials/random.mjs'
import { readRecord } from '../../trials/record.mjs'
import { Changes } from './changes.mjs'
import { report } from './report.mjs'
import { Strand, tolerate } from './strand.mjs'

const strands = 3
const streamsMax = 5
/** Of one life, one after the other: each has keys of its own. */
const workersMax = 24
const modes = ['process', 'commit', 'interval', 'none']

class Writer {
  #order
  #random
  #clock
  #store
  #mode
  #options
  /** Streams that exist as far as this writer knows, by name: { name, number, hours }. */
  #streams
  #nextNumber
  /** Names that somebody is creating or deleting. */
  #busy = new Set()
  #changes = new Changes()
  #worker
  #workers = 0
  /** The worker before has ended. */
  #ended = Promise.resolve()
  /** Names of streams that a worker is about to open. */
  #given = new Set()
  /** The strands stand still until this resolves. */
  #pause = Promise.resolve()
  #segments = 0

  constructor(order) {
    this.#order = order
    this.#random = new Random(order.seed)
    this.#clock = new MovingClock(order.clockMs)
    this.#streams = new Map(order.streams.map((stream) => [stream.name, stream]))
    this.#nextNumber = order.nextNumber
  }

  async live() {
    await this.#open()
    const working = Array.from({ length: strands }, (_, strand) => this.#work(strand))
    await Promise.all(working)
    await this.#end()
  }

  async #work(index) {
    const { life, calls } = this.#order
    const random = new Random(this.#random.seed())
    const place = { life, thread: 0, strand: index, bytes: 500_000 }
    const strand = new Strand(place, random, new Noise(random, 2 ** 18))
    for (let call = 0; call < calls; call++) {
      // Another strand may have begun a pause since the one that was waited for.
      for (let pause; pause !== this.#pause; await pause) pause = this.#pause
      if (call * strands + index === this.#order.die?.call) dieSoon(this.#order.die.how)
      const does = random.weighted({
        put: 60,
        lookUp: 10,
        read: 6,
        stats: 4,
        flush: 3,
        create: 3,
        delete: 1.5,
        retain: 1.5,
        change: 4,
        reshard: 2,
        jump: 1,
        reopen: index === 0 ? 2 : 0,
        worker: index === 1 ? 1 : 0,
      })
      await this.#do(does, strand, random)
    }
  }

  async #do(does, strand, random) {
    const target = this.#target(random)
    switch (does) {
      case 'put':
        return target && strand.put(target)
      case 'lookUp':
        return target && strand.lookUp(target, () => this.#horizonMs(target))
      case 'read':
        return target && this.#read(target, random).catch(tolerate)
      case 'stats':
        return target && this.#stats(target).catch(tolerate)
      case 'flush':
        return target && this.#flush(target).catch(tolerate)
      case 'create':
        return this.#create(random)
      case 'delete':
        return target && this.#delete(target)
      case 'retain':
        return target && this.#retain(target, random.between(24, 48)).catch(tolerate)
      case 'change':
        return target && this.#changes.change(target, random).catch(tolerate)
      case 'reshard':
        return target && this.#changes.reshard(target, random).catch(tolerate)
      case 'jump':
        return this.#jump(random.between(1, 3))
      case 'reopen':
        return this.#reopen()
      default:
        return this.#moveWorker(random)
    }
  }

  /** A stream to do something with, as this opening of the store has it. */
  #target(random) {
    const known = random.pick([...this.#streams.values()].filter(({ name }) => !this.#busy.has(name)))
    if (known === undefined) return undefined
    try {
      const synchronous = this.#mode === 'process' || this.#mode === 'none'
      const isLimited = this.#options.limits === 'enforce'
      return { ...known, stream: this.#store.stream(known.name), synchronous, isLimited }
    } catch (error) {
      tolerate(error)
      return undefined
    }
  }

  #horizonMs({ name }) {
    const hours = this.#streams.get(name)?.shortestHours ?? 24
    return this.#clock.nowMs() + 60_000 - hours * hourMs
  }

  async #open() {
    this.#mode = this.#order.durability ?? this.#random.pick(modes)
    report('open', this.#mode)
    const options = { durability: this.#mode }
    if (this.#mode === 'interval') options.intervalMs = this.#random.between(1, 50)
    if (this.#mode === 'commit' && this.#random.once(3)) options.visibility = 'committed'
    if (this.#random.once(3)) options.limits = 'enforce'
    this.#options = options
    this.#store = await open(this.#order.folder, { ...options, clock: this.#clock, onWarning: () => {} })
    this.#decide()
    const isSettled = (name) => !this.#busy.has(name)
    const listed = this.#listed().filter(isSettled)
    const known = [...this.#streams.keys()].filter(isSettled).toSorted()
    if (listed.join() !== known.join()) throw new Error(`the streams are ${listed}, not ${known}`)
    report('opened')
  }

  /** What the writer before was about to do when it died was done, or was not. */
  #decide() {
    const listed = this.#listed()
    for (const stream of this.#streams.values()) {
      if (stream.isSure) continue
      const isThere = listed.includes(stream.name)
      report(isThere ? 'created' : 'deleted', stream.name)
      stream.isSure = true
      if (!isThere) this.#streams.delete(stream.name)
    }
  }

  #listed() {
    return this.#store.listStreams().map(({ name }) => name)
  }

  /** Calls that are under way meanwhile are waited for by the store, later ones are refused. */
  async #reopen() {
    let go
    // Before the worker ends: none may begin with the options of the store that is about to be closed.
    this.#pause = new Promise((resolve) => {
      go = resolve
    })
    await this.#stopWorker()
    report('close')
    await this.#store.close()
    report('closed')
    await this.#open()
    go()
  }

  async #end() {
    await this.#stopWorker()
    report('close')
    await this.#store.close()
    report('closed')
  }

  async #create(random) {
    const free = Array.from({ length: streamsMax }, (_, index) => `s${index}`)
    const name = random.pick(free.filter((each) => !this.#streams.has(each) && !this.#busy.has(each)))
    if (name === undefined) return
    const hours = random.pick([24, 36, 48])
    const stream = { name, number: this.#nextNumber++, shortestHours: hours, isSure: true }
    const shards = random.between(1, 4)
    report('create', name, stream.number, hours, shards)
    await this.#change(name, stream, () => this.#store.createStream(name, { shards, retentionHours: hours }))
  }

  async #delete({ name, number }) {
    const stream = this.#streams.get(name)
    if (this.#busy.has(name) || this.#given.has(name) || stream?.number !== number) return
    report('delete', name)
    await this.#change(name, stream, () => this.#store.deleteStream(name, { enforceConsumerDeletion: true }))
  }

  /** Changes whether there is a stream; if the store is closed under the call, looks what came of it. */
  async #change(name, stream, call) {
    const exists = !this.#streams.has(name)
    this.#busy.add(name)
    let came = exists
    try {
      await call()
    } catch (error) {
      tolerate(error)
      await this.#pause
      came = this.#listed().includes(name)
    }
    if (came) this.#streams.set(name, stream)
    else this.#streams.delete(name)
    report(came ? 'created' : 'deleted', name)
    this.#busy.delete(name)
  }

  async #retain(target, hours) {
    const { name, number } = target
    const known = this.#streams.get(name)
    if (known?.number !== number) return
    known.shortestHours = Math.min(known.shortestHours, hours)
    await this.#changes.retain(target, hours)
  }

  #jump(hours) {
    report('clock', this.#clock.nowMs() + hours * hourMs)
    this.#clock.jump(hours * hourMs)
  }

  async #stats({ stream }) {
    const { shards } = await stream.stats()
    const segments = shards.reduce((sum, shard) => sum + shard.segments, 0)
    if (segments > this.#segments) report('roll')
    this.#segments = segments
    stream.describe()
    stream.shards()
  }

  async #flush({ stream }) {
    report('flush')
    await stream.flush()
    report('flushed')
  }

  async #read({ stream }, random) {
    const position = random.pick([
      { from: 'oldest' },
      { from: 'latest' },
      { from: 'time', arrivedAtMs: this.#clock.nowMs() - random.between(0, 30) * hourMs },
    ])
    const kind = random.pick([{}, { lease: true }, { reuse: true }])
    const batches = stream.readBatches({ ...position, ...kind, until: 'tail', onTrimmed: 'skip' })
    for await (const batch of batches) {
      for (let index = 0; index < batch.length; index++)
        readRecord(batch.data(index), batch.partitionKey(index))
      if (random.once(20)) break
    }
  }

  /** There is one worker at a time, on the same store: starts it, or ends it wherever it is. */
  async #moveWorker(random) {
    if (this.#worker !== undefined) return this.#stopWorker()
    if (this.#workers === workersMax) return undefined
    const { life, folder } = this.#order
    const streams = [...this.#streams.values()].filter(({ name }) => !this.#busy.has(name))
    const clockMs = this.#clock.nowMs()
    const number = this.#workers++
    const workerData = { life, number, folder, streams, clockMs, seed: random.seed(), options: this.#options }
    const worker = new Worker(new URL('writing-worker.mjs', import.meta.url), { workerData })
    worker.on('error', fail)
    this.#worker = worker
    // The worker knows streams by their names until it has begun: they stay the same for so long.
    const given = new Set(streams.map(({ name }) => name))
    for (const event of ['message', 'exit']) worker.once(event, () => given.clear())
    this.#given = given
    return undefined
  }

  async #stopWorker() {
    const worker = this.#worker
    this.#worker = undefined
    if (worker !== undefined) {
      report('terminate')
      this.#ended = worker.terminate()
    }
    await this.#ended
  }
}

function die() {
  process.kill(process.pid, 'SIGKILL')
}

/** Dies within the call that begins now: at once, before the next turn of the event loop, or after it. */
function dieSoon(how) {
  if (how === 'microtask') queueMicrotask(() => queueMicrotask(die))
  else if (how === 'turn') setImmediate(die)
  else die()
}

function fail(error) {
  report('failed', `${error.code ?? ''} ${error.stack}`)
  process.exit(1)
}

process.on('unhandledRejection', fail)
process.on('uncaughtException', fail)
process.send('ready')
const [order] = await once(process, 'message')
process.disconnect()
await new Writer(order).live()
