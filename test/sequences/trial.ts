import type { ShardDescription, Store, Stream } from '../../src/index.ts'
import { checkChange, checkScale } from './changing.ts'
import { checkState, checkStats } from './description.ts'
import { Expectation, holds, same, sameRecord } from './expectation.ts'
import { type ModelShard, ModelStore, ModelStream } from './model-store.ts'
import { ModelLimits } from './model-limits.ts'
import { codeOf } from './outcome.ts'
import { checkRead, getNow, readAll } from './reading.ts'
import type { Mode, Step } from './step.ts'
import { type Habits, Subject } from './subject.ts'
import {
  checkAppend,
  checkBatch,
  checkPuts,
  checkRefused,
  flood,
  hasRoom,
  type Moment,
  writeThrough,
} from './writing.ts'

type StepOf<Name extends Step['do']> = Extract<Step, { readonly do: Name }>

const mebibyte = 1024 * 1024

/** One sequence of steps, taken by a store and by the model of it. */
export class Trial {
  readonly #subject: Subject
  readonly #model: ModelStore = new ModelStore()
  /** Openings of the store so far. */
  #opening = 0
  /** What this opening enforces. */
  #limits: ModelLimits | undefined
  /** Something of the metadata was never synced, so that after a crash of the system readers may know less. */
  #metadataUnsure = false
  /** The system died, and no command followed. */
  #metadataHidden = false

  constructor(habits: Habits) {
    this.#subject = new Subject(habits)
  }

  async begin(mode: Mode): Promise<void> {
    await this.#open(mode)
  }

  /** Takes a step; false where there was nothing to take it with. */
  async take(step: Step): Promise<boolean> {
    switch (step.do) {
      case 'create':
        return this.#create(step)
      case 'list':
        checkState(this.#besides(step.beside) ?? this.#subject.store, this.#model, this.#nowMs)
        return true
      case 'pass':
        await this.#subject.clock.advance(step.ms)
        return true
      case 'reopen':
      case 'processDies':
      case 'systemDies':
        return this.#comeBack(step)
      case 'openReader':
      case 'closeReader':
        return this.#turnReader(step.do === 'openReader')
      default: {
        const model = this.#model.at(step.stream)
        return model !== undefined && this.#use(step, model)
      }
    }
  }

  /** All that there is, read from the beginning. */
  async everything(): Promise<void> {
    checkState(this.#subject.store, this.#model, this.#nowMs)
    for (const model of this.#model.streams.values()) await this.#observe(model)
  }

  async end(): Promise<void> {
    await this.#subject.end()
  }

  async #use(
    step: Exclude<StepOf<Step['do']>, { do: 'create' | 'list' | 'pass' | 'openReader' | 'closeReader' }>,
    model: ModelStream,
  ): Promise<boolean> {
    const stream = this.#subject.store.stream(model.name)
    switch (step.do) {
      case 'delete':
        await this.#delete(stream, model)
        return true
      case 'put':
      case 'putTogether':
        await checkPuts(stream, model, step.do === 'put' ? [step.entry] : step.entries, this.#moment)
        return true
      case 'append':
        await checkAppend(stream, model, step.entry, this.#moment)
        return true
      case 'putBatch':
        await checkBatch(stream, model, step.entries, this.#moment)
        return true
      case 'writable':
      case 'writableStream':
        await writeThrough(stream, model, step.entries, this.#moment, step.do === 'writableStream')
        await this.#observe(model)
        return true
      case 'refused':
        await checkRefused(stream, model, step.entry, step.fault)
        return true
      case 'read': {
        const besides = this.#besides(step.beside)
        const from = besides?.stream(model.name) ?? stream
        return checkRead(step, from, model, this.#nowMs, besides !== undefined)
      }
      case 'get':
      case 'getSync':
        return this.#get(step, model)
      case 'tail':
        return this.#tail(step, model)
      case 'stats':
        await checkStats(stream, model, this.#nowMs)
        return true
      case 'flush':
        await stream.flush()
        this.#promise([model])
        return true
      case 'split':
        return this.#split(step, stream, model)
      case 'merge':
        return this.#merge(step, stream, model)
      case 'setRetention':
        await this.#setRetention(step.hours, stream, model)
        return true
      case 'scale':
        return this.#scale(step, stream, model)
      case 'change':
        if (await checkChange(stream, model, step.change, this.#nowMs, this.#subject.durations))
          this.#commanded()
        return true
      case 'flood':
        return flood(stream, model, this.#moment)
      default:
        throw new Error(`${step.do} is not about a stream`)
    }
  }

  get #nowMs(): number {
    return this.#subject.clock.nowMs()
  }

  get #moment(): Moment {
    const { commits, storesLater } = this.#subject
    return {
      nowMs: this.#nowMs,
      opening: this.#opening,
      durable: commits,
      later: storesLater,
      limits: this.#limits,
    }
  }

  /** The store beside the writer's, if a step may be taken there. */
  #besides(beside: boolean): Store | undefined {
    return beside && !this.#metadataHidden ? this.#subject.reader : undefined
  }

  async #open(mode: Mode): Promise<void> {
    this.#opening += 1
    this.#limits = this.#subject.habits.limited ? new ModelLimits() : undefined
    await this.#subject.open(mode)
    if (!this.#synced) this.#metadataUnsure = true
    for (const shard of this.#model.shards) shard.synced = this.#synced
  }

  get #synced(): boolean {
    return this.#subject.mode !== 'none'
  }

  /** A command of the metadata was stored. */
  #commanded(): void {
    this.#metadataHidden = false
  }

  async #create({ name, shards, retentionHours, maxMiB }: StepOf<'create'>): Promise<boolean> {
    const options = { shards, retentionHours, maxRecordBytes: maxMiB * mebibyte }
    const code = await codeOf(() => this.#subject.store.createStream(name, options))
    const there = this.#model.streams.has(name)
    same('create', code, there ? 'ERR_MILLRACE_STREAM_EXISTS' : undefined)
    if (there) return true
    this.#commanded()
    const model = new ModelStream(name, options, this.#nowMs)
    for (const shard of model.shards) shard.synced = this.#synced
    this.#model.streams.set(name, model)
    return true
  }

  async #delete(stream: Stream, model: ModelStream): Promise<void> {
    const besides = this.#besides(true)?.stream(model.name)
    const { store } = this.#subject
    if (model.settings.consumers(this.#nowMs).length > 0)
      same('delete', await codeOf(() => store.deleteStream(model.name)), 'ERR_MILLRACE_STREAM_IN_USE')
    await store.deleteStream(model.name, { enforceConsumerDeletion: true })
    this.#commanded()
    this.#model.streams.delete(model.name)
    const gone = 'ERR_MILLRACE_STREAM_NOT_FOUND'
    same('put', await codeOf(() => stream.put('key', Buffer.alloc(1))), gone)
    same('stream', await codeOf(() => this.#subject.store.stream(model.name)), gone)
    const reader = this.#besides(true)
    if (reader === undefined) return
    same('stream, beside', await codeOf(() => reader.stream(model.name)), gone)
    same('stats, beside', await codeOf(() => besides?.stats() ?? reader.stream(model.name)), gone)
  }

  /** Splits an open shard at a part of its hash keys. */
  async #split(step: StepOf<'split'>, stream: Stream, model: ModelStream): Promise<boolean> {
    const parent = model.open[step.shard % model.open.length] as ModelShard
    const { start, end } = parent
    const at = start + ((end - start) * BigInt(step.share)) / 16n
    if (at <= start + 1n || at >= end) return false
    const split = (): ReturnType<Stream['splitShard']> => stream.splitShard(parent.id, String(at))
    if (await this.#refusesReshard(model, split)) return true
    const shown = await split()
    this.#resharded(model)
    const ranges = [
      { start, end: at - 1n },
      { start: at, end },
    ]
    this.#opened(model.replace([parent], ranges, this.#nowMs), shown)
    return true
  }

  /** Merges an open shard with the next one. */
  async #merge(step: StepOf<'merge'>, stream: Stream, model: ModelStream): Promise<boolean> {
    const { open } = model
    if (open.length === 1) return false
    const at = step.shard % (open.length - 1)
    const [lower, upper] = open.slice(at, at + 2) as [ModelShard, ModelShard]
    const merge = (): ReturnType<Stream['mergeShards']> => stream.mergeShards(lower.id, upper.id)
    if (await this.#refusesReshard(model, merge)) return true
    const shown = await merge()
    this.#resharded(model)
    this.#opened(model.replace([lower, upper], [{ start: lower.start, end: upper.end }], this.#nowMs), [
      shown,
    ])
    return true
  }

  async #scale({ eighths }: StepOf<'scale'>, stream: Stream, model: ModelStream): Promise<boolean> {
    const target = Math.max(1, Math.round((model.open.length * eighths) / 8))
    // More would make slow sequences.
    if (target > 12) return false
    const { durations } = this.#subject
    const children = await checkScale(stream, model, target, this.#nowMs, durations)
    if (children === undefined || children.length === 0) return true
    this.#commanded()
    for (const child of children) child.synced = this.#synced
    return true
  }

  async #refusesReshard(model: ModelStream, reshard: () => unknown): Promise<boolean> {
    const refusal = model.settings.refusalOfReshard(this.#nowMs)
    if (refusal === undefined) return false
    same('the reshard', await codeOf(reshard), refusal)
    return true
  }

  #resharded(model: ModelStream): void {
    this.#commanded()
    model.settings.updatingUntilMs = this.#nowMs + this.#subject.durations.updatingMs
  }

  async #setRetention(hours: number, stream: Stream, model: ModelStream): Promise<void> {
    const refusal = model.settings.refusal(this.#nowMs)
    same('setRetention', await codeOf(() => stream.setRetention(hours)), refusal)
    if (refusal !== undefined) return
    if (hours !== model.retentionHours) this.#commanded()
    model.setRetention(hours, this.#nowMs)
  }

  #opened(children: readonly ModelShard[], shown: readonly ShardDescription[]): void {
    for (const child of children) child.synced = this.#synced
    same('the children', shown.map(({ shardId }) => shardId).join(), children.map(({ id }) => id).join())
  }

  async #get(step: StepOf<'get' | 'getSync'>, model: ModelStream): Promise<boolean> {
    const { numbers } = model
    const wanted = numbers[step.place % numbers.length]
    if (wanted === undefined) return false
    const { shard, sequence, record } = wanted
    const besides = this.#besides(step.beside)
    const stream = (besides ?? this.#subject.store).stream(model.name)
    const actual =
      step.do === 'get' ? await stream.get(sequence) : await getNow(stream, sequence, step.place % 2 === 0)
    const visible = record !== undefined && record.arrivedAtMs >= model.horizonMs(this.#nowMs)
    if (!visible) same(`get of ${sequence}`, actual, undefined)
    else if (actual !== undefined) sameRecord(shard, record, actual)
    else holds(`${sequence} is not there`, besides !== undefined && !shard.shownBeside && !record.durable)
    return true
  }

  /** Waits at the tail, puts a record, and gets it; then an abort ends the wait. */
  async #tail(step: StepOf<'tail'>, model: ModelStream): Promise<boolean> {
    const entry = { key: `tail-${step.stream}`, payload: { bytes: 40, fill: step.stream } }
    if (!hasRoom(model, entry, this.#moment)) return false
    const whole = model.shards.every(({ shownBeside }) => shownBeside)
    const reading = (whole ? this.#besides(step.beside) : undefined) ?? this.#subject.store
    const stop = new AbortController()
    const from = step.latest ? 'latest' : 'oldest'
    const records = reading.stream(model.name).read({ from, signal: stop.signal })
    const expectation = new Expectation()
    let before = 0
    for (const shard of model.shards) {
      const visible = step.latest ? [] : model.visible(shard, this.#nowMs)
      expectation.add(shard, visible)
      before += visible.length
    }
    for (; before > 0; before--) expectation.take((await records.next()).value as never)
    const waiting = records.next()
    await checkPuts(this.#subject.store.stream(model.name), model, [entry], this.#moment)
    const shard = model.shardOf(entry)
    sameRecord(shard, shard.records.at(-1) as never, (await waiting).value as never)
    const ended = records.next()
    stop.abort(new Error('enough'))
    same('the read', await ended.catch((error: unknown) => error), stop.signal.reason)
    return true
  }

  /** The store is closed or dies, and is opened again. */
  async #comeBack(step: StepOf<'reopen' | 'processDies' | 'systemDies'>): Promise<boolean> {
    if (step.do === 'reopen') {
      await this.#subject.close()
      if (this.#subject.inMemory) this.#model.streams.clear()
      this.#promise(this.#model.streams.values())
      await this.#open(step.mode)
      return true
    }
    if (this.#subject.inMemory) return false
    if (step.do === 'processDies') {
      await this.#subject.processDies()
      await this.#open(step.mode)
      return true
    }
    await this.#subject.systemDies(step.torn, step.behind)
    this.#metadataHidden = this.#metadataUnsure
    for (const shard of this.#model.shards) {
      shard.shownBeside = false
      shard.mayLeap = true
      shard.leapt = true
    }
    if (step.lookFirst) await this.#lookFirst()
    await this.#open(step.mode)
    checkState(this.#subject.store, this.#model, this.#nowMs)
    for (const model of this.#model.streams.values()) await this.#settle(model, step.torn === 0)
    return true
  }

  /** A reader comes to what the system left before any writer does. */
  async #lookFirst(): Promise<void> {
    await this.#subject.openReader()
    const reader = this.#besides(true)
    if (reader !== undefined) {
      for (const model of this.#model.streams.values()) await this.#compare(reader, model, true)
    }
    await this.#subject.closeReader()
  }

  /** Learns what a loss of power took: the end of each shard, but nothing that was promised. */
  async #settle(model: ModelStream, whole: boolean): Promise<void> {
    if (whole) return this.#observe(model)
    const expectation = this.#expectAll(model)
    await readAll(
      this.#subject.store.stream(model.name),
      { from: 'oldest', until: 'tail' },
      'readBatches',
      mebibyte,
      (it) => expectation.take(it),
    )
    for (const shard of model.shards) this.#cut(model, shard, expectation.seenOf(shard))
  }

  #cut(model: ModelStream, shard: ModelShard, seen: number): void {
    const hidden = shard.records.length - model.visible(shard, this.#nowMs).length
    const durable = shard.durableCount
    holds(`${shard.id} kept ${hidden + seen} records of ${durable} durable ones`, hidden + seen >= durable)
    if (hidden + seen < shard.records.length) shard.cutTo(hidden + seen)
    // Whether what expired was trimmed before the power went, or taken by that, depends on the moment.
    if (seen === 0 && durable < hidden) shard.doubtFrom(durable)
  }

  async #turnReader(open: boolean): Promise<boolean> {
    if (this.#subject.inMemory || (this.#subject.reader !== undefined) === open) return false
    await (open ? this.#subject.openReader() : this.#subject.closeReader())
    return true
  }

  /** What this opening put into these streams would survive the loss of power. */
  #promise(streams: Iterable<ModelStream>): void {
    if (!this.#synced) return
    for (const { shards } of streams) for (const shard of shards) shard.promise(this.#opening)
  }

  async #observe(model: ModelStream): Promise<void> {
    await this.#compare(this.#subject.store, model, false)
  }

  async #compare(store: Store, model: ModelStream, beside: boolean): Promise<void> {
    const expectation = this.#expectAll(model)
    await readAll(
      store.stream(model.name),
      { from: 'oldest', until: 'tail' },
      'readBatches',
      mebibyte,
      (it) => expectation.take(it),
    )
    expectation.complete(beside)
  }

  #expectAll(model: ModelStream): Expectation {
    const expectation = new Expectation()
    for (const shard of model.shards) expectation.add(shard, model.visible(shard, this.#nowMs))
    return expectation
  }
}
