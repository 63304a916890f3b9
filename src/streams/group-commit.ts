import type { MillraceError } from '../errors.ts'
import type { Maybe } from '../log/log.ts'
import { MiB } from '../units.ts'
import { backlog, type Committer } from './commit.ts'
import type { PutResult, Stored } from './put.ts'
import type { Staging, StagingPool } from './staging.ts'

/** Single puts are committed without waiting for the end of the turn once they have this many bytes. */
const groupBytesMax: number = MiB

/** Records that go to the engine together, and who waits for them. */
interface Group {
  readonly staging: Staging
  /** Called once, after the commit; `staging` is reused after it. */
  settle(committer: Committer): void
}

/** One record as its stream takes it, not yet checked: what `Staging.add` takes. */
export interface SingleRecord {
  readonly partitionKey: unknown
  /** Encoded. */
  readonly payload: Uint8Array | string
  readonly hashKey: unknown
  /** Key and payload together. */
  readonly recordBytesMax: number
}

/** Single puts; the n-th waiter put the n-th record. */
class PutGroup implements Group {
  readonly staging: Staging
  readonly #waiters: { resolve(stored: Stored): void; reject(error: MillraceError): void }[] = []

  constructor(staging: Staging) {
    this.staging = staging
  }

  /** The answer to the record that was staged last. */
  answer(): Promise<Stored> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
    })
  }

  settle(committer: Committer): void {
    for (const [record, waiter] of this.#waiters.entries()) {
      const error = this.staging.errorOf(record)
      if (error === undefined) waiter.resolve(committer.storedAt(this.staging, record))
      else waiter.reject(error)
    }
  }
}

/** The records of one `putBatch`. */
class BatchGroup implements Group {
  readonly staging: Staging
  readonly #resolve: (results: readonly PutResult[]) => void

  constructor(staging: Staging, resolve: (results: readonly PutResult[]) => void) {
    this.staging = staging
    this.#resolve = resolve
  }

  settle(committer: Committer): void {
    const results: PutResult[] = []
    for (let record = 0; record < this.staging.count; record++) {
      const error = this.staging.errorOf(record)
      results.push(error === undefined ? committer.storedAt(this.staging, record) : { ok: false, error })
    }
    this.#resolve(results)
  }
}

/**
 * The one way into a stream's logs. Puts of one turn go together; what comes while a commit is under way waits and
 * then goes together too, so groups grow as large as the engine is slow. Groups keep the order of the calls.
 */
export class GroupCommit {
  #committer: Committer
  readonly #stagings: StagingPool
  /** Complete groups, oldest first. */
  readonly #queue: Group[] = []
  /** Takes the puts of this turn. */
  #open: PutGroup | undefined
  /** The commit that the engine has not answered yet. */
  #underWay: Promise<void> | undefined
  /** The engine is being called, or somebody whom that call tells something. */
  #committing = false

  constructor(committer: Committer, stagings: StagingPool) {
    this.#committer = committer
    this.#stagings = stagings
  }

  /** From now on records go by this one: the stream has other open shards. */
  use(committer: Committer): void {
    this.#committer = committer
  }

  /** Stages one record, or throws what is wrong with it, and answers once it is stored. */
  put({ partitionKey, payload, hashKey, recordBytesMax }: SingleRecord): Promise<Stored> {
    const group = this.#open ?? this.#openGroup()
    group.staging.add(partitionKey, payload, hashKey, recordBytesMax)
    const answer = group.answer()
    if (group.staging.used > groupBytesMax) {
      this.#closeGroup()
      this.#run()
    }
    return answer
  }

  /** Stages records with `stage`; if that throws, none of them is stored. One result each, in order. */
  putBatch(stage: (staging: Staging) => void): Promise<readonly PutResult[]> {
    const staging = this.#staged(stage)
    this.#closeGroup()
    return new Promise((resolve) => {
      this.#queue.push(new BatchGroup(staging, resolve))
      this.#run()
    })
  }

  /** Stores one record, and the puts before it, within this call. */
  append(record: SingleRecord): Stored {
    this.#committer.requireSynchronous()
    const stored = this.putDirectly(record)
    if (stored !== undefined) return stored
    const { partitionKey, payload, hashKey, recordBytesMax } = record
    const staging = this.#staged((empty) => empty.add(partitionKey, payload, hashKey, recordBytesMax))
    try {
      this.#closeGroup()
      this.#run()
      if (this.#underWay !== undefined || this.#committing) {
        throw backlog(undefined, 'earlier puts are still under way')
      }
      return this.#commitNow(staging)
    } finally {
      this.#stagings.give(staging)
    }
  }

  /**
   * Stores one record within this call if that is all there is to do; `undefined`: nothing was stored, `put` does it or says
   * why not. It promises what `put` does.
   */
  putDirectly({ partitionKey, payload, hashKey, recordBytesMax }: SingleRecord): Stored | undefined {
    if (typeof payload === 'string' || hashKey !== undefined || !this.#isIdle) return undefined
    return this.#committer.commitDirectly(partitionKey, payload, recordBytesMax)
  }

  /** Nothing was put that a record would have to wait for. */
  get #isIdle(): boolean {
    return (
      this.#open === undefined &&
      this.#underWay === undefined &&
      this.#queue.length === 0 &&
      !this.#committing
    )
  }

  /** Resolves once everything that was put so far has its answer. */
  async drain(): Promise<void> {
    this.#closeGroup()
    this.#run()
    while (this.#underWay !== undefined || this.#committing) await this.#underWay
  }

  #openGroup(): PutGroup {
    const group = new PutGroup(this.#stagings.take())
    group.staging.single = true
    this.#open = group
    queueMicrotask(() => {
      if (this.#open !== group || this.#underWay !== undefined) return
      this.#closeGroup()
      this.#run()
    })
    return group
  }

  #closeGroup(): void {
    if (this.#open === undefined) return
    this.#queue.push(this.#open)
    this.#open = undefined
  }

  /** A staging of its own, so that a codec that puts records while it encodes harms nobody. */
  #staged(stage: (staging: Staging) => void): Staging {
    const staging = this.#stagings.take()
    try {
      stage(staging)
    } catch (error) {
      this.#stagings.give(staging)
      throw error
    }
    return staging
  }

  #run(): void {
    // A listener that is told something while records are committed may put some: after these.
    if (this.#committing) return
    while (this.#underWay === undefined) {
      const group = this.#queue.shift()
      if (group === undefined) return
      const committer = this.#committer
      const answer = this.#commit(group.staging)
      if (answer === undefined) this.#settle(group, committer)
      else {
        this.#underWay = this.#goOn(group, committer, answer)
      }
    }
  }

  #commitNow(staging: Staging): Stored {
    this.#committing = true
    try {
      for (;;) {
        const stored = this.#committer.commitNow(staging)
        if (stored !== undefined) return stored
      }
    } finally {
      this.#committing = false
      this.#run()
    }
  }

  #commit(staging: Staging): Maybe<void> {
    this.#committing = true
    try {
      return this.#committer.commit(staging)
    } finally {
      this.#committing = false
    }
  }

  async #goOn(group: Group, committer: Committer, answer: Promise<void>): Promise<void> {
    await answer
    this.#underWay = undefined
    this.#settle(group, committer)
    this.#closeGroup()
    this.#run()
  }

  #settle(group: Group, committer: Committer): void {
    group.settle(committer)
    this.#stagings.give(group.staging)
  }
}
