import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import { streamNotFound } from '../streams/store-refusals.ts'
import type { StoreInside } from '../streams/store-inside.ts'
import type { Store } from '../streams/store.ts'
import type { Stream } from '../streams/stream.ts'
import { MiB } from '../units.ts'
import { MemoryBudget } from './buffers/memory-budget.ts'
import type { ChosenFirehoseOptions } from './checked-firehose-options.ts'
import type { RunningDelivery } from './deliveries.ts'
import { requireMeans } from './delivery-means.ts'
import type { DeliverySource, SourcePosition } from './delivery-source.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'
import type { DirectLog, DirectLogs } from './direct-log.ts'
import { OwnParts } from './own-parts.ts'
import type { Positions } from './positions.ts'
import { isOwnStream, streamKeyOf } from './source-stream.ts'
import { GatheredSource } from './sources/gathered-source.ts'
import { StreamSource } from './sources/stream-source.ts'

/** What is read at once where records are queried: enough for each thread that runs jq, which is slow to start. Bytes. */
const queriedBytes: number = 4 * MiB

/** What deliveries of a store have in common. */
export interface BeginHost {
  readonly store: Store
  readonly inside: StoreInside
  readonly options: ChosenFirehoseOptions
  readonly positions: Positions
  readonly logs: DirectLogs
}

/** Begins deliveries, and lets go of what they share once none runs any more. */
export interface DeliveryBeginner {
  begin(state: DeliveryStreamState): Promise<RunningDelivery>
  release(): Promise<void>
}

/** Makes a beginner for a store. */
export type BeginDelivery = (host: BeginHost) => DeliveryBeginner

/** Deliveries as they are. */
export function deliveryBeginner(host: BeginHost): DeliveryBeginner {
  return new Beginner(host)
}

class Beginner implements DeliveryBeginner {
  readonly #host: BeginHost
  readonly #memory: MemoryBudget
  readonly #parts: OwnParts
  /** For what does not fit in memory. Nothing in it counts after a restart. */
  readonly #folder: string

  constructor(host: BeginHost) {
    const { store, inside, options } = host
    this.#host = host
    this.#memory = new MemoryBudget(options.memoryBytes)
    this.#folder =
      inside.folder === undefined ? join(tmpdir(), `millrace-${randomUUID()}`) : join(inside.folder, 'spill')
    this.#parts = new OwnParts({
      store,
      clock: inside.clock,
      options,
      makeFolder: async () => {
        await mkdir(this.#folder, { recursive: true })
        return this.#folder
      },
    })
  }

  async begin(state: DeliveryStreamState): Promise<RunningDelivery> {
    const { store, inside, options, positions, logs } = this.#host
    const { source } = state.configuration
    requireMeans(state.configuration, options)
    const log = source.kind === 'direct' ? await logs.open(state) : undefined
    const { Delivery } = await import('./delivery.ts')
    const delivery = new Delivery({
      state,
      source: gathered(await this.#sourceOf(state, log), state, inside.clock),
      loadPosition: () => positions.load(state),
      savePosition: async (position: SourcePosition) => {
        await positions.save(state, position)
        // What cannot be given back now can be the next time, and goes with its retention at last.
        await log?.trim(position).catch(() => {})
      },
      clock: inside.clock,
      options,
      folder: this.#folder,
      store,
      memory: this.#memory,
      parts: this.#parts,
    })
    delivery.start()
    return delivery
  }

  async release(): Promise<void> {
    await this.#parts.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #sourceOf(
    { configuration: { source, processing } }: DeliveryStreamState,
    log: DirectLog | undefined,
  ): Promise<DeliverySource> {
    const batchBytes = processing.query === undefined ? undefined : queriedBytes
    if (log !== undefined) {
      return new StreamSource({ open: () => log.stream, fromMs: 0, direct: true, batchBytes })
    }
    const { store, inside, options } = this.#host
    const { streamArn, fromMs } = source as Extract<typeof source, { readonly kind: 'stream' }>
    const { account, region, name } = streamKeyOf(streamArn)
    if (isOwnStream(inside, { account, region, name })) {
      const open = (): Stream => store.within({ account, region }).stream(name)
      return new StreamSource({ open, fromMs, direct: false, batchBytes })
    }
    const { kinesis: endpoint } = options
    if (endpoint === undefined) throw streamNotFound({ account, region, name })
    const { EndpointSource } = await import('./sources/endpoint-source.ts')
    const random = (): number => this.#parts.random()
    return new EndpointSource({ streamArn, fromMs, endpoint, clock: inside.clock, random })
  }
}

/** A transformation is called for as much as it says, however slowly records come. */
function gathered(
  source: DeliverySource,
  { configuration }: DeliveryStreamState,
  clock: Clock,
): DeliverySource {
  const { transform } = configuration.processing
  if (transform === undefined || transform.bufferMs === 0) return source
  return new GatheredSource(source, { clock, bytes: transform.bufferBytes, ms: transform.bufferMs })
}
