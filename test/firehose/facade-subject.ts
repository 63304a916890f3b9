import type { DeliveryConfiguration } from '../../src/firehose/configuration.ts'
import type { BeginHost, DeliveryBeginner } from '../../src/firehose/begin-delivery.ts'
import type { RunningDelivery } from '../../src/firehose/deliveries.ts'
import type { DeliveryStats } from '../../src/firehose/delivery-stats.ts'
import type { DeliveryKey, DeliveryStreamState } from '../../src/firehose/delivery-stream-state.ts'
import { type Firehose, firehoseOf } from '../../src/firehose/firehose.ts'
import type { FirehoseOptions } from '../../src/firehose/firehose-options.ts'
import { openSubject, type Subject, type SubjectOptions } from '../streams/subject.ts'

/** A delivery that delivers nothing and remembers what it was told. */
export class FakeDelivery implements RunningDelivery {
  readonly state: DeliveryStreamState
  readonly told: string[] = []
  /** What its end waits for. */
  held: Promise<void> = Promise.resolve()

  constructor(state: DeliveryStreamState) {
    this.state = state
  }

  get stopped(): boolean {
    return this.told.some((word) => word.startsWith('stop'))
  }

  async flush(): Promise<void> {
    this.told.push('flush')
  }

  stats(): DeliveryStats {
    return {} as DeliveryStats
  }

  async stop({ flush }: { readonly flush: boolean }): Promise<void> {
    this.told.push(flush ? 'stop, flushed' : 'stop')
    await this.held
  }
}

/** A store on the model with its delivery streams, whose deliveries are fakes. */
export interface FirehoseSubject extends Subject {
  readonly firehose: Firehose
  /** All that ever began, in order. */
  readonly deliveries: FakeDelivery[]
  readonly host: BeginHost
  /** What the next beginnings fail with. */
  readonly failures: Error[]
  readonly released: () => boolean
}

export async function openFirehose(
  options: SubjectOptions = {},
  firehoseOptions: FirehoseOptions = {},
): Promise<FirehoseSubject> {
  const subject = await openSubject(options)
  const deliveries: FakeDelivery[] = []
  const failures: Error[] = []
  const hosts: BeginHost[] = []
  let released = false
  const begin = (host: BeginHost): DeliveryBeginner => {
    hosts.push(host)
    return {
      begin: async (state) => {
        const failure = failures.shift()
        if (failure !== undefined) throw failure
        const delivery = new FakeDelivery(state)
        deliveries.push(delivery)
        return delivery
      },
      release: async () => {
        released = true
      },
    }
  }
  const firehose = firehoseOf(subject.store, { buckets: 'nowhere', ...firehoseOptions }, begin)
  return { ...subject, firehose, deliveries, failures, host: hosts[0] as BeginHost, released: () => released }
}

/** A delivery stream's key in the store's own account. */
export function key(name: string): DeliveryKey {
  return { account: '000000000000', region: 'us-east-1', name }
}

const target = {
  bucket: 'b',
  prefix: '',
  errorPrefix: '',
  buffering: { bytes: 5 * 1024 * 1024, ms: 300_000 },
  compression: 'UNCOMPRESSED',
  fileExtension: '',
  timeZone: 'UTC',
} as const

/** Direct puts to a bucket. */
export const direct: DeliveryConfiguration = {
  source: { kind: 'direct' },
  processing: {},
  destination: { kind: 'objects', target, partitioned: false },
}

/** Records of a stream of the store to a bucket. */
export function fromStream(name: string): DeliveryConfiguration {
  const streamArn = `arn:aws:kinesis:us-east-1:000000000000:stream/${name}`
  return { ...direct, source: { kind: 'stream', streamArn, fromMs: 0 } }
}

/** The same with another bucket. */
export function into(bucket: string, configuration: DeliveryConfiguration = direct): DeliveryConfiguration {
  return {
    ...configuration,
    destination: { kind: 'objects', target: { ...target, bucket }, partitioned: false },
  }
}

/** The code that a call fails with. */
export async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
    return undefined
  } catch (error) {
    return (error as { readonly code?: unknown }).code
  }
}
