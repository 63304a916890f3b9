import type { Writable } from 'node:stream'
import { type Clock, nextTurn } from '../clock.ts'
import { KiB, MiB } from '../units.ts'
import { writeWhole } from './answer-body.ts'
import { type Connection, ConnectionAnswers } from './connection-answers.ts'
import type { HttpAnswer } from './http-exchange.ts'
import type { HttpLimits } from './http-limits.ts'
import type { ServerLog } from './server-log.ts'
import { StallWatch } from './stall-watch.ts'

/** Answers up to this length are not counted: a connection can have few of them. Bytes. */
const shortAnswerBytes: number = KiB
/** What is longer keeps its place until it is counted. Bytes. */
const smallAnswerBytes: number = 64 * KiB
/** As much is set aside for a long answer that is being made: 10 MiB of records in base64, and the words around. Bytes. */
const longAnswerBytes: number = 16 * MiB

/**
 * The memory of answers that clients have not taken yet. When it is in use, answers that may be long are not begun;
 * connections that take too little of theirs are cut off while somebody waits.
 */
export class AnswerBudget {
  readonly #bytes: number
  readonly #leastBytes: number
  readonly #log: ServerLog
  readonly #stalls: StallWatch
  readonly #connections: Map<Connection, ConnectionAnswers> = new Map()
  #used = 0
  /** Long answers that are being made. */
  #making = 0
  readonly #waiting: Set<() => void> = new Set()

  constructor(limits: HttpLimits, clock: Clock, log: ServerLog) {
    this.#bytes = limits.answersBytes
    this.#leastBytes = limits.answerStallBytes
    this.#log = log
    this.#stalls = new StallWatch(
      { withinMs: limits.stallMs, checkMs: limits.checkMs },
      clock,
      () => this.#connections.values(),
      () => this.#waiting.size > 0 || this.#used > this.#bytes,
    )
  }

  /** What was answered and is not taken yet, bytes. */
  get used(): number {
    return this.#used
  }

  /** How many long answers wait until they may be made. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** Sends a body whole, and ends with it. What is not taken counts until it is, or nobody is there any more. */
  send(body: Uint8Array | string, to: Writable, connection: Connection): void {
    if (body.length <= shortAnswerBytes) {
      to.end(body)
      return
    }
    // It has said that it is closed, and will not again.
    if (to.destroyed) return
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const answers = this.#answersOf(connection)
    let left = bytes.length
    const take = (taken: number): void => {
      const now = Math.min(taken, left)
      left -= now
      answers.take(now)
      this.#used -= now
      if (answers.left === 0 && this.#connections.get(connection) === answers)
        this.#connections.delete(connection)
      this.#admit()
    }
    answers.add(left)
    this.#used += left
    to.once('close', () => take(left))
    writeWhole(bytes, to, take)
    if (this.#used > this.#bytes) this.#stalls.press()
  }

  /**
   * Makes an answer that may be long once there is room for it.
   *
   * @param signal aborted when nobody waits for it any more
   * @returns `undefined`: that was before there was room
   */
  async make(signal: AbortSignal, make: () => Promise<HttpAnswer>): Promise<HttpAnswer | undefined> {
    if (this.#waiting.size === 0 && this.#hasRoom()) this.#making += 1
    else if (!(await this.#room(signal))) return undefined
    let long = false
    try {
      const answer = await make()
      const { body } = answer
      long = (typeof body === 'string' || body instanceof Uint8Array) && body.length > smallAnswerBytes
      return answer
    } finally {
      // A long one is sent in this turn, and counted then: nobody should slip in between.
      if (long) void nextTurn().then(() => this.#made())
      else this.#made()
    }
  }

  #made(): void {
    this.#making -= 1
    this.#admit()
  }

  /** Whether there is room; it is taken then. */
  #room(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.delete(go)
        resolve(false)
      }
      const go = (): void => {
        signal.removeEventListener('abort', leave)
        this.#making += 1
        resolve(true)
      }
      this.#waiting.add(go)
      signal.addEventListener('abort', leave, { once: true })
      this.#stalls.press()
    })
  }

  #admit(): void {
    for (const go of this.#waiting) {
      if (!this.#hasRoom()) return
      this.#waiting.delete(go)
      go()
    }
  }

  #hasRoom(): boolean {
    const making = this.#making * longAnswerBytes
    return this.#used + making === 0 || this.#used + making + longAnswerBytes <= this.#bytes
  }

  #answersOf(connection: Connection): ConnectionAnswers {
    const known = this.#connections.get(connection)
    if (known !== undefined) return known
    const answers = new ConnectionAnswers(this.#leastBytes, (left) => {
      this.#log.debug({ bytes: left }, 'connection cut off: it does not take its answers')
      connection.destroy()
    })
    this.#connections.set(connection, answers)
    return answers
  }
}
