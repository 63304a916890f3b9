import { firehoseOf } from '../firehose/firehose.ts'
import type { Store } from '../streams/store.ts'
import { FirehoseService } from './firehose/service.ts'
import type { ServiceOptions } from './interception.ts'
import { KinesisService } from './kinesis/service.ts'
import type { AwsHandlerOptions } from './request-handler.ts'
import type { Service } from './wire/service.ts'

/** The services of AWS over one store; what is for none of them is answered as Kinesis does. */
export function awsServices(
  store: Store,
  options: AwsHandlerOptions,
  replaced: ServiceOptions = {},
): readonly [Service, ...Service[]] {
  const delivery = firehoseOf(store, options.firehose)
  return [new KinesisService(store, replaced), new FirehoseService(store, delivery, replaced)]
}
