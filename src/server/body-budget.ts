import type { Waiting } from '../aws/wire/waiting.ts'
import { KiB } from '../units.ts'
import { BodyBuffers } from './body-buffers.ts'
import { NoRoomForBody } from './request-body.ts'
import type { Mover } from './stall-watch.ts'

/** Bodies up to this length are small: large ones never take the last of the memory from them. Bytes. */
export const smallBodyBytes: number = 64 * KiB

/**
 * Bodies that may wait at once, large and small; whoever comes then is refused. What waits is not counted: the part that
 * came last, and over HTTP/2 what the window of its stream lets in.
 */
export const waitingBodiesMax = 256

/** What has to come of a body while others wait for its memory, in the time that it has then. Bytes. */
const leastBodyBytes = 64 * KiB

/** Bodies of one size, which share a limit. */
interface Lane {
  /** What all bodies may have together if one of these is to have more, bytes. */
  readonly limitBytes: number
  /** Those that wait, in the order in which they began. */
  readonly waiting: BodyMemory[]
  /** Those that have memory and do not wait: one day they give it back. */
  moving: number
}

/**
 * The memory that all bodies of requests have together: what has come of them, not what they say is to come. Whoever
 * finds too little left waits for it, those behind that began first; an eighth of it is kept for small bodies, which do
 * not wait behind large ones. If all that have some wait for more, the one that began first gets it: it may exceed the
 * memory by its length.
 */
export class BodyBudget {
  /** Where large bodies come to lie. */
  readonly buffers: BodyBuffers = new BodyBuffers()
  readonly #small: Lane
  readonly #large: Lane
  readonly #arriving: Set<BodyMemory> = new Set()
  #used = 0
  #opened = 0

  /** @param bytes more than the longest body and an eighth */
  constructor(bytes: number) {
    this.#small = { limitBytes: bytes, waiting: [], moving: 0 }
    this.#large = { limitBytes: bytes - Math.ceil(bytes / 8), waiting: [], moving: 0 }
  }

  /** What bodies have now, bytes. */
  get used(): number {
    return this.#used
  }

  /** How many bodies wait for memory. */
  get waiting(): number {
    return this.#small.waiting.length + this.#large.waiting.length
  }

  /** Bodies of which more is to come, beside those that came in one part. */
  get arriving(): Iterable<BodyMemory> {
    return this.#arriving
  }

  /**
   * A body's memory, with nothing in it yet.
   *
   * @param declared how long it says that it is, bytes; `undefined` if it does not say
   */
  open(declared: number | undefined): BodyMemory {
    this.#opened += 1
    return new BodyMemory(this, declared, this.#opened)
  }

  /** Takes memory: at once, or when there is enough. For `BodyMemory`. */
  take(memory: BodyMemory, bytes: number, waiting: Waiting): Promise<void> | undefined {
    const lane = this.#move(memory, bytes)
    if (lane.waiting.length === 0 && this.#used + bytes <= lane.limitBytes) {
      this.#count(memory, bytes)
      return undefined
    }
    if (this.waiting >= waitingBodiesMax) return Promise.reject(new NoRoomForBody())
    const { signal } = waiting
    if (signal.aborted) return Promise.reject(signal.reason as Error)
    return this.#wait(lane, memory, bytes, signal)
  }

  /** More of it is to come, and it can be refused. For `BodyMemory`. */
  arrives(memory: BodyMemory): void {
    this.#arriving.add(memory)
  }

  /** It is there whole, or will never be. For `BodyMemory`. */
  arrived(memory: BodyMemory): void {
    this.#arriving.delete(memory)
  }

  /** Gives memory back. For `BodyMemory`. */
  give(memory: BodyMemory): void {
    const lane = this.#laneOf(memory)
    if (memory.bytes > 0 && !memory.held) lane.moving -= 1
    this.#used -= memory.bytes
    this.#admit()
  }

  #wait(lane: Lane, memory: BodyMemory, bytes: number, signal: AbortSignal): Promise<void> {
    if (memory.bytes > 0) lane.moving -= 1
    return new Promise((resolve, reject) => {
      const end = (): void => signal.removeEventListener('abort', leave)
      const leave = (): void => {
        end()
        lane.waiting.splice(lane.waiting.indexOf(memory), 1)
        memory.wait(undefined)
        if (memory.bytes > 0) lane.moving += 1
        reject((signal.reason as Error | undefined) ?? new Error('the request ended'))
        // Whoever is behind may be content with less.
        this.#admit()
      }
      const grant = (): void => {
        end()
        memory.wait(undefined)
        if (memory.bytes > 0) lane.moving += 1
        this.#count(memory, bytes)
        resolve()
      }
      memory.wait({ bytes, grant, leave })
      const behind = lane.waiting.findIndex((other) => other.order > memory.order)
      lane.waiting.splice(behind < 0 ? lane.waiting.length : behind, 0, memory)
      signal.addEventListener('abort', leave, { once: true })
      this.#admit()
    })
  }

  #admit(): void {
    for (const lane of [this.#small, this.#large]) {
      for (let first = lane.waiting[0]; first !== undefined; first = lane.waiting[0]) {
        const { bytes, grant } = first.waited
        // If nobody moves, nobody will ever give anything back.
        if (this.#used + bytes > lane.limitBytes && lane.moving > 0) break
        lane.waiting.shift()
        grant()
      }
    }
  }

  #count(memory: BodyMemory, bytes: number): void {
    if (memory.bytes === 0) this.#laneOf(memory).moving += 1
    this.#used += bytes
    memory.add(bytes)
  }

  /** The lane of a body that gets more. One that has not said its length may turn out to be large. */
  #move(memory: BodyMemory, bytes: number): Lane {
    const from = this.#laneOf(memory)
    memory.expect(memory.bytes + bytes)
    const to = this.#laneOf(memory)
    if (from !== to && memory.bytes > 0) {
      from.moving -= 1
      to.moving += 1
    }
    return to
  }

  #laneOf({ large }: BodyMemory): Lane {
    return large ? this.#large : this.#small
  }
}

/** What somebody waits for. */
interface Turn {
  readonly bytes: number
  readonly grant: () => void
  readonly leave: () => void
}

/** The memory of one body. */
export class BodyMemory implements Mover {
  readonly declared: number | undefined
  /** Grows with each that is opened. */
  readonly order: number
  readonly #budget: BodyBudget
  #bytes = 0
  #large: boolean
  #buffer: Buffer | undefined
  #waiting: Turn | undefined
  #refuse: ((why: NoRoomForBody) => void) | undefined

  /** `BodyBudget` makes these. */
  constructor(budget: BodyBudget, declared: number | undefined, order: number) {
    this.#budget = budget
    this.declared = declared
    this.order = order
    this.#large = declared !== undefined && declared > smallBodyBytes
  }

  /** Whether it is no small body, or has asked for more than one may have: that stays so, also if it does not get it. */
  get large(): boolean {
    return this.#large
  }

  /** For `BodyBudget`: it asks for so many bytes in all. */
  expect(whole: number): void {
    this.#large ||= (this.declared ?? whole) > smallBodyBytes
  }

  /** What it has, bytes. */
  get bytes(): number {
    return this.#bytes
  }

  get moved(): number {
    return this.#bytes
  }

  get least(): number {
    return leastBodyBytes
  }

  get held(): boolean {
    return this.#waiting !== undefined
  }

  /** For `BodyBudget`, which asks only those that wait. */
  get waited(): Turn {
    return this.#waiting as Turn
  }

  /**
   * Makes sure of memory for so many bytes in all. Rejects when the signal aborts before they are there, and with
   * `NoRoomForBody` if too many wait.
   *
   * @returns `undefined`: they are there
   */
  grow(whole: number, waiting: Waiting): Promise<void> | undefined {
    const more = whole - this.#bytes
    return more <= 0 ? undefined : this.#budget.take(this, more, waiting)
  }

  /** A buffer for all of it, or more, once it is there; only good until `release`. To be asked for once. */
  buffer(bytes: number): Buffer {
    if (bytes <= smallBodyBytes) return Buffer.allocUnsafe(bytes)
    this.#buffer = this.#budget.buffers.take(bytes)
    return this.#buffer
  }

  /** More of it is to come; `refuse` ends that if others need the memory and nothing comes. */
  arriving(refuse: (why: NoRoomForBody) => void): void {
    this.#refuse = refuse
    this.#budget.arrives(this)
  }

  /** It is there whole. */
  arrived(): void {
    if (this.#refuse === undefined) return
    this.#refuse = undefined
    this.#budget.arrived(this)
  }

  cut(): void {
    this.#refuse?.(new NoRoomForBody())
    this.release()
  }

  /** Gives everything back; calling it again does nothing. */
  release(): void {
    this.arrived()
    this.#waiting?.leave()
    if (this.#buffer !== undefined) this.#budget.buffers.give(this.#buffer)
    this.#buffer = undefined
    if (this.#bytes === 0) return
    this.#budget.give(this)
    this.#bytes = 0
  }

  /** For `BodyBudget`. */
  add(bytes: number): void {
    this.#bytes += bytes
  }

  /** For `BodyBudget`: what it waits for, or that it does not any more. */
  wait(waiting: Turn | undefined): void {
    this.#waiting = waiting
  }
}
