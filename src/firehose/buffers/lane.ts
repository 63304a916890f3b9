import type { Clock } from '../../clock.ts'
import { Bell } from '../bell.ts'
import type { BatchMark, Checkpoint, Hold } from '../checkpoint.ts'
import type { BufferingHints } from '../configuration.ts'
import type { DeliveryRecord, PartitionKeys } from '../delivery-record.ts'
import { MiB } from '../../units.ts'
import { Stopped } from '../retry.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { RecordBuffer } from './record-buffer.ts'

/** A buffer of records without data would never be full. */
const recordsMax = 1_000_000
/** Nor would one of records that have little, and long partition keys. Bytes. */
const originBytesMax: number = 128 * MiB

/** What a lane needs. */
export interface LaneHost {
  readonly clock: Clock
  readonly memory: MemoryBudget
  readonly checkpoint: Checkpoint
  /** A path for the files of the next buffer. */
  nextPath(): string
  /**
   * Resolves once the records are safe. Rejects with `Stopped` if they are not, and the delivery has ended; never with
   * anything else.
   */
  deliver(buffer: RecordBuffer, mark: BatchMark, partition: string): Promise<void>
}

/** How a lane goes. */
export interface LaneRules {
  readonly hints: BufferingHints
  readonly keepsOrigins: boolean
  /**
   * So many buffers of a partition are delivered at once, as long as that costs nobody anything: none of them was in
   * trouble, and half of the memory is free. Otherwise, and where their order counts, one.
   */
  readonly deliveringMax: number
}

/** A buffer and what depends on its delivery. */
interface Load {
  readonly buffer: RecordBuffer
  readonly hold: Hold
  /** When it is delivered at the latest, monotonic. */
  readonly dueMs: number
}

interface Partition {
  readonly name: string
  readonly keys: PartitionKeys | undefined
  filling: Load | undefined
  readonly delivering: Set<Load>
  /** What fills is to be delivered as soon as that can be begun. */
  isDue: boolean
  /** Never will be delivered, and nothing behind it: the delivery ended. */
  readonly stuck: Load[]
  /** Rings when what was being delivered no longer is. */
  readonly bell: Bell
}

/**
 * Buffers of one target, one a partition. A buffer is closed before a record that would make it larger than the hint, when
 * it is as large, and when it is as old; then it is delivered, and one more fills meanwhile. When that is full, too,
 * whoever appends waits: so what a lane holds is bounded, whatever the destination does.
 */
export class Lane {
  readonly #rules: LaneRules
  readonly #host: LaneHost
  readonly #partitions: Map<string, Partition> = new Map()
  /** Those whose buffer waits for its time, the oldest first: all wait equally long. */
  readonly #open: Set<Partition> = new Set()
  #cancelTimer: (() => void) | undefined
  #last: Partition | undefined
  /** Buffers that were delivered and are not gone yet. */
  readonly #leaving: Set<Promise<void>> = new Set()
  #released = false

  constructor(rules: LaneRules, host: LaneHost) {
    this.#rules = rules
    this.#host = host
  }

  /** Nobody waits for time: whoever appends says when to `flush`. */
  get atOnce(): boolean {
    return this.#rules.hints.ms === 0
  }

  /** Those that hold records which are not delivered. */
  get partitions(): number {
    return this.#partitions.size
  }

  has(partition: string): boolean {
    return this.#partitions.has(partition)
  }

  /** Of all its partitions, what is not delivered yet. */
  *buffers(): Generator<RecordBuffer, void, undefined> {
    for (const { filling, delivering, stuck } of this.#partitions.values()) {
      for (const { buffer } of stuck) yield buffer
      for (const { buffer } of delivering) yield buffer
      if (filling !== undefined) yield filling.buffer
    }
  }

  /** Copies a record; or answers when to try it again, which rejects with `Stopped` if there is no such time. */
  append(
    name: string,
    keys: PartitionKeys | undefined,
    record: DeliveryRecord,
    mark: BatchMark,
  ): Promise<void> | undefined {
    if (this.#released) return Promise.reject(new Stopped())
    const partition = this.#last?.name === name ? this.#last : this.#partition(name, keys)
    let load = partition.filling
    if (load !== undefined && this.#isFull(load.buffer, record.data.byteLength)) {
      if (!this.#mayDeliver(partition)) {
        partition.isDue = true
        return this.#room(partition)
      }
      this.#deliver(partition, load)
      load = undefined
    }
    load ??= this.#fill(partition, mark)
    const { buffer, hold } = load
    if (mark.ordinal < hold.mark.ordinal) hold.include(mark)
    buffer.append(record)
    if (this.#isFull(buffer, 0)) this.#close(partition)
    return undefined
  }

  /** Delivers what is open, each as soon as nothing before it is being delivered. */
  flush(): void {
    for (const partition of this.#partitions.values()) if (partition.filling) this.#close(partition)
  }

  /** Resolves once all that was appended before the call is safe, or never will be. */
  async settled(): Promise<void> {
    this.flush()
    const all = Array.from(this.#partitions.values(), async (partition) => {
      const { filling, delivering } = partition
      const before = new Set(delivering)
      if (filling !== undefined) before.add(filling)
      const isUnderWay = (load: Load): boolean =>
        delivering.has(load) || (partition.filling === load && partition.stuck.length === 0)
      while (Array.from(before).some(isUnderWay)) await partition.bell.heard()
    })
    await Promise.all(all)
  }

  /** Drops everything and takes no more. What is still being delivered must have been given up. */
  async release(): Promise<void> {
    this.#released = true
    this.#cancelTimer?.()
    const buffers = [...this.buffers()]
    this.#partitions.clear()
    this.#open.clear()
    await Promise.all([...buffers.map((buffer) => buffer.release()), ...this.#leaving])
  }

  #partition(name: string, keys: PartitionKeys | undefined): Partition {
    let partition = this.#partitions.get(name)
    if (partition === undefined) {
      partition = {
        name,
        keys: keys && { query: { ...keys.query }, lambda: { ...keys.lambda } },
        filling: undefined,
        delivering: new Set(),
        isDue: false,
        stuck: [],
        bell: new Bell(),
      }
      this.#partitions.set(name, partition)
    }
    this.#last = partition
    return partition
  }

  /** With so many bytes more it would be more than it may be, or without any as much. */
  #isFull({ bytes, records, originBytes }: RecordBuffer, more: number): boolean {
    if (records >= recordsMax || originBytes >= originBytesMax) return true
    return more > 0 ? bytes > this.#rules.hints.bytes - more : bytes >= this.#rules.hints.bytes
  }

  #fill(partition: Partition, mark: BatchMark): Load {
    const { memory, checkpoint, clock } = this.#host
    const { keepsOrigins, hints } = this.#rules
    const place = { memory, path: this.#host.nextPath(), keepsOrigins }
    const buffer = new RecordBuffer(place, partition.keys)
    const load = { buffer, hold: checkpoint.hold(mark), dueMs: clock.monotonicMs() + hints.ms }
    buffer.hurry = () => {
      if (partition.filling === load) this.#close(partition)
    }
    partition.filling = load
    // Whoever has no time to wait says when a batch is complete.
    if (hints.ms > 0) {
      this.#open.add(partition)
      this.#awaitNextDue()
    }
    return load
  }

  #close(partition: Partition): void {
    this.#open.delete(partition)
    const { filling } = partition
    if (filling === undefined || this.#released) return
    if (this.#mayDeliver(partition)) this.#deliver(partition, filling)
    else partition.isDue = true
  }

  #mayDeliver({ delivering, stuck }: Partition): boolean {
    if (stuck.length > 0) return false
    if (delivering.size === 0) return true
    const { memory } = this.#host
    if (delivering.size >= this.#rules.deliveringMax || memory.usedBytes > memory.maxBytes / 2) return false
    for (const { buffer } of delivering) if (buffer.isTroubled) return false
    return true
  }

  #deliver(partition: Partition, load: Load): void {
    this.#open.delete(partition)
    partition.filling = undefined
    partition.isDue = false
    partition.delivering.add(load)
    void this.#delivered(partition, load)
  }

  async #delivered(partition: Partition, load: Load): Promise<void> {
    const { buffer, hold } = load
    try {
      await this.#host.deliver(buffer, hold.mark, partition.name)
    } catch {
      partition.delivering.delete(load)
      partition.stuck.push(load)
      partition.bell.ring()
      return
    }
    this.#host.checkpoint.release(hold)
    partition.delivering.delete(load)
    const { filling, delivering } = partition
    if (filling !== undefined && partition.isDue) this.#close(partition)
    else if (filling === undefined && delivering.size === 0) this.#forget(partition)
    partition.bell.ring()
    const left = buffer.release().finally(() => this.#leaving.delete(left))
    this.#leaving.add(left)
  }

  #forget(partition: Partition): void {
    this.#partitions.delete(partition.name)
    if (this.#last === partition) this.#last = undefined
  }

  async #room(partition: Partition): Promise<void> {
    if (partition.stuck.length === 0) await partition.bell.heard()
    if (partition.stuck.length > 0) throw new Stopped()
  }

  #awaitNextDue(): void {
    if (this.#cancelTimer !== undefined) return
    const [next] = this.#open
    if (next?.filling === undefined) return
    const waitMs = next.filling.dueMs - this.#host.clock.monotonicMs()
    this.#cancelTimer = this.#host.clock.after(Math.max(0, waitMs), () => {
      this.#cancelTimer = undefined
      this.#closeDue()
      this.#awaitNextDue()
    })
  }

  #closeDue(): void {
    const nowMs = this.#host.clock.monotonicMs()
    for (const partition of this.#open) {
      if (partition.filling !== undefined && partition.filling.dueMs > nowMs) return
      this.#close(partition)
    }
  }
}
