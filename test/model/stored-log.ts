import type { Offset, Slot } from '../../src/log/log.ts'
import type { PlainRecord } from './record.ts'

/** Bytes of a frame's header in the model: what the real one has, so that figures look alike. */
const frameBytes = 32

/** Space that a record takes. */
export function storedBytes(record: Omit<PlainRecord, 'offset' | 'timeMs'>): number {
  return frameBytes + record.key.length + record.data.length + (record.hashKey?.length ?? 0)
}

/** What one log holds, whether it is open or not. */
export class StoredLog {
  /** Readable records, ascending. */
  records: PlainRecord[] = []
  /** Records below it are hidden. */
  first: Offset = 1
  next: Offset = 1
  durable: Offset = 1
  /** Arrival of the last record, also of one that was trimmed. */
  lastTimeMs: number = Number.NEGATIVE_INFINITY
  sealedAt: Offset | undefined
  bytes = 0

  add(record: PlainRecord): void {
    this.records.push(record)
    this.bytes += storedBytes(record)
    this.next = record.offset + 1
    this.lastTimeMs = record.timeMs
  }

  *recordsFrom(from: Offset): Generator<PlainRecord> {
    const start = this.records.findIndex((record) => record.offset >= from)
    for (let index = start; index >= 0 && index < this.records.length; index++) {
      yield this.records[index] as PlainRecord
    }
  }

  trim(before: Offset): void {
    this.first = Math.max(this.first, Math.min(before, this.next))
    this.records = this.records.filter((record) => record.offset >= this.first)
    this.bytes = this.records.reduce((sum, record) => sum + storedBytes(record), 0)
  }

  /** A copy that shares only records, which nobody changes. */
  clone(): StoredLog {
    return Object.assign(new StoredLog(), this, { records: [...this.records] })
  }

  /** A copy as a crash leaves it that lost every record, and the seal, at or after `end`. */
  cutAt(end: Offset): StoredLog {
    const copy = this.clone()
    copy.records = copy.records.filter((record) => record.offset < end)
    copy.bytes = copy.records.reduce((sum, record) => sum + storedBytes(record), 0)
    copy.next = Math.min(copy.next, Math.max(end, copy.first))
    copy.durable = Math.min(copy.durable, copy.next)
    copy.lastTimeMs = copy.records.at(-1)?.timeMs ?? Number.NEGATIVE_INFINITY
    if (copy.sealedAt !== undefined && copy.sealedAt >= end) copy.sealedAt = undefined
    return copy
  }
}

/** What outlives a model engine, so that a second engine can open it again. */
export class ModelDisk {
  readonly meta: StoredLog
  readonly logs: Map<string, StoredLog> = new Map()
  /** Slots that were ever named; a name is never used again. */
  slotsNamed = 0
  capacityBytes: number

  /** @param capacityBytes records with their frames that fit; more are refused as `full` */
  constructor(capacityBytes: number = Number.POSITIVE_INFINITY, meta: StoredLog = new StoredLog()) {
    this.capacityBytes = capacityBytes
    this.meta = meta
  }

  /** What would be left if the process died now: whoever has this one open does not write to the copy. */
  copy(): ModelDisk {
    const copy = new ModelDisk(this.capacityBytes, this.meta.clone())
    for (const [name, log] of this.logs) copy.logs.set(name, log.clone())
    copy.slotsNamed = this.slotsNamed
    return copy
  }

  get freeBytes(): number {
    if (this.capacityBytes === Number.POSITIVE_INFINITY) return this.capacityBytes
    let used = this.meta.bytes
    for (const log of this.logs.values()) used += log.bytes
    return this.capacityBytes - used
  }

  nameSlot(): Slot {
    this.slotsNamed += 1
    return { kind: 'model', id: this.slotsNamed }
  }
}
