import { KiB } from '../../units.ts'
import type { DeliveryRecord, PartitionKeys, RecordOrigin } from '../delivery-record.ts'
import { ByteCursor } from './byte-cursor.ts'
import type { MemoryBudget, Spillable } from './memory-budget.ts'
import { SpillFile } from './spill-file.ts'
import { SpillableBytes } from './spillable-bytes.ts'

/**
 * Borders of a record: length of its data, length of its origin before the data, arrival. Both lengths are 32 bits, the
 * arrival is a double.
 */
const borderBytes = 16
/** A buffer that gets little takes little, one that gets much takes few slabs. */
const dataSlabs = [16 * KiB, 32 * KiB, 64 * KiB, 128 * KiB, 256 * KiB]
const borderSlabs = [4 * KiB, 16 * KiB, 32 * KiB]

/** Where a buffer keeps what it holds. */
export interface BufferPlace {
  readonly memory: MemoryBudget
  /** Of the file for what does not fit in memory. */
  readonly path: string
  /** Keeps where records came from, before each of them. */
  readonly keepsOrigins: boolean
}

/** How many records, and bytes of data and origins, lie before a parcel. */
export interface ParcelPlace {
  readonly records: number
  readonly bytes: number
}

/** Some records of a buffer, and where it goes on. */
export interface Parcel {
  readonly records: readonly DeliveryRecord[]
  readonly behind: ParcelPlace
}

/** That of the first parcel. */
export const firstPlace: ParcelPlace = { records: 0, bytes: 0 }

/** Records of one partition, in the order in which they came. Each is copied once, into slabs. */
export class RecordBuffer implements Spillable {
  readonly keys: PartitionKeys | undefined
  /** Told when it can be spilled no more. */
  hurry: (() => void) | undefined
  /** A delivery of it has failed. */
  isTroubled = false
  readonly #memory: MemoryBudget
  readonly #keepsOrigins: boolean
  readonly #file: SpillFile
  readonly #data: SpillableBytes
  readonly #borders: SpillableBytes
  readonly #border: Uint8Array = new Uint8Array(borderBytes)
  readonly #borderView: DataView = new DataView(this.#border.buffer)
  #records = 0
  #bytes = 0
  #originBytes = 0
  #oldestMs = Number.POSITIVE_INFINITY
  #readers = 0
  #spilling: Promise<void> | undefined
  #releasing: Promise<void> | undefined

  constructor({ memory, path, keepsOrigins }: BufferPlace, keys: PartitionKeys | undefined) {
    this.keys = keys
    this.#memory = memory
    this.#keepsOrigins = keepsOrigins
    this.#file = new SpillFile(path)
    this.#data = new SpillableBytes(memory, this.#file, dataSlabs)
    this.#borders = new SpillableBytes(memory, this.#file, borderSlabs)
    memory.join(this)
  }

  get records(): number {
    return this.#records
  }

  /** Data of the records. */
  get bytes(): number {
    return this.#bytes
  }

  /** What of the records' origins is kept. */
  get originBytes(): number {
    return this.#originBytes
  }

  /** Arrival of the oldest record, milliseconds since 1970. */
  get oldestMs(): number {
    return this.#oldestMs
  }

  /** In files, data and borders. */
  get spilledBytes(): number {
    return this.#data.spilledBytes + this.#borders.spilledBytes
  }

  append(record: DeliveryRecord): void {
    const { data, arrivedAtMs } = record
    const origin = this.#keepsOrigins ? record.origin : undefined
    const source = origin && encodeOrigin(origin)
    const view = this.#borderView
    view.setUint32(0, data.byteLength, true)
    view.setUint32(4, source === undefined ? 0 : source.byteLength, true)
    view.setFloat64(8, arrivedAtMs, true)
    this.#borders.append(this.#border)
    if (source !== undefined) {
      this.#data.append(source)
      this.#originBytes += source.byteLength
    }
    this.#data.append(data)
    this.#records += 1
    this.#bytes += data.byteLength
    if (arrivedAtMs < this.#oldestMs) this.#oldestMs = arrivedAtMs
  }

  /** Waits until it can be read. It stays where it is until `unpin`. */
  async pin(): Promise<void> {
    this.#readers += 1
    await this.#spilling?.catch(() => {})
  }

  unpin(): void {
    this.#readers -= 1
    if (this.#readers === 0) this.#memory.changed()
  }

  /** The data of all records on end. For buffers without origins, while pinned. */
  body(): AsyncIterable<Uint8Array> {
    return this.#data.read()
  }

  /** Records in parcels, at least one each. Valid while pinned. */
  async *parcels(
    recordsMax: number,
    bytesMax: number,
  ): AsyncGenerator<readonly DeliveryRecord[], void, undefined> {
    for await (const { records } of this.#parcels(firstPlace, recordsMax, bytesMax)) yield records
  }

  /** The parcel at a place: as `parcels` would make it there. Valid while pinned. */
  async parcelAt(place: ParcelPlace, recordsMax: number, bytesMax: number): Promise<Parcel> {
    for await (const parcel of this.#parcels(place, recordsMax, bytesMax)) return parcel
    return { records: [], behind: place }
  }

  async *#parcels(
    place: ParcelPlace,
    recordsMax: number,
    bytesMax: number,
  ): AsyncGenerator<Parcel, void, undefined> {
    const borders = new ByteCursor(this.#borders.read(place.records * borderBytes))
    const data = new ByteCursor(this.#data.read(place.bytes))
    try {
      let records: DeliveryRecord[] = []
      let parcelBytes = 0
      let bytes = place.bytes
      for (let index = place.records; index < this.#records; index++) {
        const border = borders.now(borderBytes) ?? (await borders.take(borderBytes))
        const view = new DataView(border.buffer, border.byteOffset, borderBytes)
        const dataBytes = view.getUint32(0, true)
        const originBytes = view.getUint32(4, true)
        if (records.length === recordsMax || (records.length > 0 && dataBytes > bytesMax - parcelBytes)) {
          yield { records, behind: { records: index, bytes } }
          records = []
          parcelBytes = 0
        }
        const origin =
          originBytes === 0
            ? undefined
            : decodeOrigin(data.now(originBytes) ?? (await data.take(originBytes)))
        const own = data.now(dataBytes) ?? (await data.take(dataBytes))
        records.push({ data: own, arrivedAtMs: view.getFloat64(8, true), origin })
        parcelBytes += dataBytes
        bytes += originBytes + dataBytes
      }
      if (records.length > 0) yield { records, behind: { records: this.#records, bytes } }
    } finally {
      await borders.end()
      await data.end()
    }
  }

  get spillableBytes(): number {
    if (this.#readers > 0 || this.#spilling !== undefined || this.#releasing !== undefined) return 0
    return this.#data.heldBytes + this.#borders.heldBytes
  }

  async spill(): Promise<void> {
    if (this.#spilling === undefined && this.spillableBytes === 0) return
    this.#spilling ??= this.#spill().finally(() => {
      this.#spilling = undefined
    })
    await this.#spilling
  }

  onSpillFailed(): void {
    this.hurry?.()
  }

  /** Gives everything back. Again: the same promise. */
  release(): Promise<void> {
    this.#releasing ??= this.#release()
    return this.#releasing
  }

  async #release(): Promise<void> {
    this.#memory.leave(this)
    await this.#spilling?.catch(() => {})
    // A delivery that was given up may still look at them.
    const reusable = this.#readers === 0
    this.#data.release(reusable)
    this.#borders.release(reusable)
    // A file that cannot be removed now goes at the next start.
    await this.#file.remove().catch(() => {})
  }

  /** One file and one write for both: hundreds of buffers are spilled one after the other. */
  async #spill(): Promise<void> {
    const data = this.#data.detach()
    const borders = this.#borders.detach()
    try {
      const position = await this.#file.write([...data.chunks, ...borders.chunks])
      this.#data.moved(data, position)
      this.#borders.moved(borders, position + data.bytes)
    } catch (error) {
      this.#data.back(data)
      this.#borders.back(borders)
      throw error
    }
  }
}

/** Keeps a buffer in its place while something reads it. */
export async function whilePinned<T>(buffer: RecordBuffer, work: () => Promise<T>): Promise<T> {
  await buffer.pin()
  try {
    return await work()
  } finally {
    buffer.unpin()
  }
}

function encodeOrigin({
  shardId,
  sequenceNumber,
  subsequenceNumber,
  partitionKey,
}: RecordOrigin): Uint8Array {
  return Buffer.from(`${shardId}\n${sequenceNumber}\n${subsequenceNumber}\n${partitionKey}`)
}

function decodeOrigin(bytes: Uint8Array): RecordOrigin {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const [shardId = '', sequenceNumber = '', subsequenceNumber = ''] = text.split('\n', 3)
  const partitionKey = text.slice(shardId.length + sequenceNumber.length + subsequenceNumber.length + 3)
  return { shardId, sequenceNumber, subsequenceNumber: Number(subsequenceNumber), partitionKey }
}
