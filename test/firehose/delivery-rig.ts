import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MemoryBudget } from '../../src/firehose/buffers/memory-budget.ts'
import type { DeliveryConfiguration, ObjectTarget } from '../../src/firehose/configuration.ts'
import { Delivery } from '../../src/firehose/delivery.ts'
import type { DeliveryLogEvent } from '../../src/firehose/delivery-log.ts'
import type { DeliveryParts, Naming } from '../../src/firehose/delivery-parts.ts'
import type { DeliveryRecord, PartitionKeys } from '../../src/firehose/delivery-record.ts'
import type { DeliverySource, SourceBatch, SourcePosition } from '../../src/firehose/delivery-source.ts'
import type { DeliveryStreamState } from '../../src/firehose/delivery-stream-state.ts'
import {
  DeliveryError,
  type ObjectDestination,
  type ObjectParcel,
  type RecordDestination,
  type RecordParcel,
  type Refusal,
} from '../../src/firehose/destination.ts'
import type { Processor } from '../../src/firehose/processor.ts'
import { onAbort } from '../../src/streams/abort-fan-out.ts'
import type { Store } from '../../src/streams/store.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { KiB, MiB, minuteMs } from '../../src/units.ts'

/** Where buckets' objects go unless a test says otherwise. */
export const target: ObjectTarget = {
  bucket: 'landing',
  prefix: '',
  errorPrefix: 'errors/!{firehose:error-output-type}/',
  buffering: { bytes: 4 * KiB, ms: minuteMs },
  compression: 'UNCOMPRESSED',
  fileExtension: '',
  timeZone: 'UTC',
}

/** To objects, without any processing. */
export const toObjects: DeliveryConfiguration = {
  source: { kind: 'direct' },
  processing: {},
  destination: { kind: 'objects', target, partitioned: false },
}

/** To a function, which is tried for a minute. */
export const toFunction: DeliveryConfiguration = {
  source: { kind: 'direct' },
  processing: {},
  destination: {
    kind: 'records',
    to: { kind: 'function', name: 'receive' },
    buffering: target.buffering,
    retryMs: minuteMs,
    backup: { ...target, bucket: 'backup' },
    backupOf: 'failed',
  },
}

/** A source that a test puts into: a log, so that a later delivery finds what an earlier one did not finish. */
export class ScriptedSource implements DeliverySource {
  readonly #records: DeliveryRecord[] = []
  readonly #clock: ManualClock
  #wake: (() => void) | undefined
  #handedOut = 0
  #waiters: (() => void)[] = []
  batchRecords = 4
  /** How often it was read from some position on. */
  begun = 0

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  /** Records that were handed out since the last beginning, or counted as done before it. */
  get handedOut(): number {
    return this.#handedOut
  }

  put(...texts: readonly string[]): void {
    for (const text of texts)
      this.#records.push({ data: Buffer.from(text), arrivedAtMs: this.#clock.nowMs() })
    this.#wake?.()
  }

  async *batches(from: SourcePosition | undefined, signal: AbortSignal): AsyncGenerator<SourceBatch> {
    let at = Number(from?.['shard'] ?? 0)
    this.#handedOut = at
    this.begun += 1
    for (;;) {
      signal.throwIfAborted()
      if (at === this.#records.length) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
          onAbort(signal, resolve)
        })
        continue
      }
      const page = this.#records.slice(at, at + this.batchRecords)
      // What is lent is somebody else's as soon as the next batch is asked for.
      const lent = page.map((record) => ({ ...record, data: Uint8Array.from(record.data) }))
      at += page.length
      yield { records: lent, position: { shard: String(at) }, behindMs: at === this.#records.length ? 0 : 1 }
      for (const { data } of lent) data.fill(0xee)
      this.#handedOut = at
      for (const wake of this.#waiters.splice(0)) wake()
    }
  }

  async caughtUp(signal: AbortSignal): Promise<void> {
    const end = this.#records.length
    while (this.#handedOut < end) {
      signal.throwIfAborted()
      await new Promise<void>((resolve) => {
        this.#waiters.push(resolve)
        onAbort(signal, resolve)
      })
    }
  }

  async close(): Promise<void> {}
}

/** What a destination does with one delivery. */
export type Conduct = 'take' | 'fail' | 'refuse' | 'hang' | 'half'

/** Buckets in memory. */
export class ScriptedObjects implements ObjectDestination {
  readonly takes = 'objects'
  /** Text of each object by `bucket/key`, in the order in which they were delivered. */
  readonly objects: Map<string, string> = new Map()
  readonly deliveredAtMs: number[] = []
  conduct: (parcel: ObjectParcel) => Conduct = () => 'take'
  attempts = 0
  underWay = 0
  closed = false
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  async deliver(parcel: ObjectParcel, signal: AbortSignal): Promise<void> {
    this.attempts += 1
    this.underWay += 1
    try {
      const conduct = this.conduct(parcel)
      const chunks: Uint8Array[] = []
      for await (const chunk of parcel.body()) chunks.push(Uint8Array.from(chunk))
      if (conduct === 'hang') await aborted(signal)
      if (conduct === 'fail') throw new DeliveryError('S3.InternalError', 'down', { again: true })
      if (conduct === 'refuse') throw new DeliveryError('S3.AccessDenied', 'no', { again: false })
      this.objects.set(`${parcel.bucket}/${parcel.key}`, Buffer.concat(chunks).toString())
      this.deliveredAtMs.push(this.#clock.monotonicMs())
    } finally {
      this.underWay -= 1
    }
  }

  async close(): Promise<void> {
    this.closed = true
  }

  /** Text of the objects of a bucket, those of failed records aside. */
  in(bucket: string): readonly string[] {
    return Array.from(this.objects)
      .filter(([name]) => name.startsWith(`${bucket}/`) && !name.includes('/errors/'))
      .map(([, text]) => text)
  }

  /** Lines of failed records in a bucket. */
  failed(bucket: string): readonly Record<string, unknown>[] {
    return Array.from(this.objects)
      .filter(([name]) => name.startsWith(`${bucket}/errors/`))
      .flatMap(([, text]) => text.trimEnd().split('\n'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

/** Takes records. */
export class ScriptedReceiver implements RecordDestination {
  readonly takes = 'records'
  recordsMax = 3
  bytesMax = MiB
  readonly received: string[] = []
  readonly parcels: { readonly id: string; readonly attempt: number; readonly texts: readonly string[] }[] =
    []
  conduct: (texts: readonly string[]) => Conduct | readonly Refusal[] = () => 'take'
  underWay = 0

  async deliver({ id, attempt, records }: RecordParcel, signal: AbortSignal): Promise<readonly Refusal[]> {
    if (this.underWay > 0) throw new Error('two deliveries at once')
    this.underWay += 1
    try {
      const texts = records.map(({ data }) => Buffer.from(data).toString())
      this.parcels.push({ id, attempt, texts })
      const conduct = this.conduct(texts)
      if (conduct === 'hang') await aborted(signal)
      if (conduct === 'fail') throw new DeliveryError('Function.Failed', 'down', { again: true })
      if (conduct === 'refuse') throw new DeliveryError('Function.Refused', 'no', { again: false })
      const refusals = typeof conduct === 'string' ? [] : conduct
      const half = conduct === 'half' ? refusedHalf(texts.length) : refusals
      const refused = new Set(half.map(({ index }) => index))
      for (const [index, text] of texts.entries()) if (!refused.has(index)) this.received.push(text)
      return half
    } finally {
      this.underWay -= 1
    }
  }

  async close(): Promise<void> {}
}

function refusedHalf(records: number): readonly Refusal[] {
  return Array.from({ length: Math.floor(records / 2) }, (_, index) => ({
    index: 2 * index,
    again: true,
    code: 'Function.Refused',
    message: 'later',
  }))
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = (): void => reject(new DeliveryError('S3.Aborted', 'aborted', { again: true }))
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
  })
}

/** Partitions are what `keys.query.key` says. */
export class PlainNaming implements Naming {
  #objects = 0

  partitionOf(keys: PartitionKeys | undefined): string {
    const key = keys?.query['key']
    if (key === undefined) throw new Error('no key')
    return key
  }

  key(keys: PartitionKeys | undefined, oldestMs: number, extension: string): string {
    this.#objects += 1
    return `${keys?.query['key'] ?? 'all'}/${oldestMs}-${this.#objects}${extension}`
  }

  errorKey(type: string, oldestMs: number): string {
    this.#objects += 1
    return `errors/${type}/${oldestMs}-${this.#objects}`
  }
}

/** What a test may set. */
export interface RigOptions {
  readonly configuration?: DeliveryConfiguration
  readonly memoryBytes?: number
  readonly processor?: Processor
  readonly parts?: Partial<DeliveryParts>
}

/** A delivery that a test drives, and what outlives it. */
export class DeliveryRig {
  readonly clock: ManualClock = new ManualClock()
  readonly source: ScriptedSource = new ScriptedSource(this.clock)
  readonly objects: ScriptedObjects = new ScriptedObjects(this.clock)
  readonly receiver: ScriptedReceiver = new ScriptedReceiver()
  readonly memory: MemoryBudget
  readonly log: DeliveryLogEvent[] = []
  readonly folder: string = mkdtempSync(join(tmpdir(), 'millrace-delivery-'))
  position: SourcePosition | undefined
  saves = 0
  onSave: (() => void) | undefined
  readonly #options: RigOptions
  readonly #naming: PlainNaming = new PlainNaming()
  #delivery: Delivery | undefined

  constructor(options: RigOptions = {}) {
    this.#options = options
    this.memory = new MemoryBudget(options.memoryBytes)
  }

  get state(): DeliveryStreamState {
    return {
      key: { account: '000000000000', region: 'eu-west-1', name: 'clicks' },
      kind: 'delivery-stream',
      id: '3b6d5c1e-0000-4000-8000-000000000001',
      createdAtMs: 0,
      updatedAtMs: 0,
      versionId: 1,
      configuration: this.#options.configuration ?? toObjects,
      document: undefined,
      tags: {},
      creatingUntilMs: 0,
    }
  }

  /** The one that runs. */
  get delivery(): Delivery {
    if (this.#delivery === undefined) throw new Error('nothing was started')
    return this.#delivery
  }

  /** Resolves once it reads. */
  async start(): Promise<Delivery> {
    const { begun } = this.source
    this.#delivery = new Delivery({
      state: this.state,
      source: this.source,
      loadPosition: () => this.position,
      savePosition: async (position) => {
        this.onSave?.()
        this.saves += 1
        this.position = position
      },
      clock: this.clock,
      options: { onLog: (event) => this.log.push(event) },
      folder: this.folder,
      store: undefined as unknown as Store,
      memory: this.memory,
      parts: { ...this.#parts(), ...this.#options.parts },
    })
    this.#delivery.start()
    await this.#reading(begun)
    return this.#delivery
  }

  /** Puts, and lets what follows happen. */
  async put(...texts: readonly string[]): Promise<void> {
    this.source.put(...texts)
    await settled()
  }

  /** What a process that is killed leaves: the position, and the source. */
  async kill(): Promise<void> {
    const { position } = this
    await this.delivery.stop({ flush: false })
    this.position = position
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#delivery?.stop({ flush: false })
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** It reads: what an earlier one left is gone by then. */
  async #reading(begun: number): Promise<void> {
    while (this.source.begun === begun) await new Promise((resolve) => setImmediate(resolve))
    await settled()
  }

  #parts(): DeliveryParts {
    let uuids = 0
    return {
      processor: () => this.#options.processor ?? failing('processor'),
      naming: () => this.#naming,
      objects: () => this.objects,
      receiver: () => this.receiver,
      encoder: () => ({ extension: '', contentType: 'text/plain', encode: passed }),
      converter: () => failing('converter'),
      uuid: () => `id-${(uuids += 1)}`,
      random: () => 0,
    }
  }
}

async function* passed(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* chunks
}

function failing(part: string): never {
  throw new Error(`this test has no ${part}`)
}

/** Lets everything happen that needs no time. Files take some turns of the loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}
