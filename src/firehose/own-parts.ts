import { randomInt, randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Store } from '../streams/store.ts'
import type {
  Compression,
  ConversionConfiguration,
  ObjectTarget,
  RecordsDestination,
} from './configuration.ts'
import { deliveryStreamArn } from './delivery-key.ts'
import type { DeliveryParts, Encoder, Naming, RecordConverter } from './delivery-parts.ts'
import type { DeliveryStreamState } from './delivery-stream-state.ts'
import type { ObjectDestination, RecordDestination } from './destination.ts'
import type { FirehoseOptions } from './firehose-options.ts'
import type { Processor } from './processor.ts'

/** What parts of deliveries are made with. */
export interface PartsHost {
  readonly store: Store
  readonly clock: Clock
  readonly options: FirehoseOptions
  /** For files of conversions; made when it is needed first. */
  readonly makeFolder: () => Promise<string>
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'
/** Random numbers of this many values have no bias. */
const randomMax: number = 2 ** 47

/** What the deliveries of a store are made of. Each part is loaded when it is needed first: start-up waits for none. */
export class OwnParts implements DeliveryParts {
  readonly #host: PartsHost
  /** One for all delivery streams bounds what they hold together. */
  #buckets: Promise<ObjectDestination> | undefined

  constructor(host: PartsHost) {
    this.#host = host
  }

  async processor(state: DeliveryStreamState): Promise<Processor> {
    const { RecordProcessor } = await import('./processing/record-processor.ts')
    const { options, clock } = this.#host
    const { source, processing } = state.configuration
    return new RecordProcessor(processing, {
      options,
      clock,
      deliveryStreamArn: deliveryStreamArn(state.key),
      region: state.key.region,
      sourceStreamArn: source.kind === 'stream' ? source.streamArn : undefined,
      uuid: randomUUID,
    })
  }

  async naming(target: ObjectTarget, state: DeliveryStreamState): Promise<Naming> {
    const { namingOf } = await import('./naming/naming-of.ts')
    return namingOf(target, state, randomText, randomUUID)
  }

  async objects(): Promise<ObjectDestination> {
    this.#buckets ??= this.#openBuckets()
    const buckets = await this.#buckets
    return {
      takes: 'objects',
      deliver: (parcel, signal) => buckets.deliver(parcel, signal),
      // The others go on.
      close: async () => {},
    }
  }

  async receiver(to: RecordsDestination['to'], state: DeliveryStreamState): Promise<RecordDestination> {
    const { openReceiver } = await import('./destinations/open-destination.ts')
    return openReceiver(to, { ...this.#host, deliveryStreamArn: deliveryStreamArn(state.key) })
  }

  async encoder(compression: Compression): Promise<Encoder> {
    const { encoderOf } = await import('./format/body-encoder.ts')
    return encoderOf(compression)
  }

  async converter(conversion: ConversionConfiguration): Promise<RecordConverter> {
    const { converterOf } = await import('./format/parquet/converter.ts')
    return converterOf(conversion, { folder: await this.#host.makeFolder() })
  }

  uuid(): string {
    return randomUUID()
  }

  random(): number {
    return randomInt(randomMax) / randomMax
  }

  /** Lets go of what deliveries shared, once none of them runs. */
  async close(): Promise<void> {
    const buckets = this.#buckets
    this.#buckets = undefined
    // What could not be opened has nothing to close.
    await (await buckets?.catch(() => undefined))?.close()
  }

  async #openBuckets(): Promise<ObjectDestination> {
    try {
      const { openBuckets } = await import('./destinations/open-destination.ts')
      return openBuckets(this.#host)
    } catch (error) {
      this.#buckets = undefined
      throw error
    }
  }
}

function randomText(characters: number): string {
  return Array.from({ length: characters }, () => letters[randomInt(letters.length)]).join('')
}
