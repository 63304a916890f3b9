/** What `import 'millrace/aws'` gives. */
import type { Store } from '../streams/store.ts'
import { requireOptions } from '../options.ts'
import { type AwsHandlerOptions, type AwsRequestHandler, makeRequestHandler } from './request-handler.ts'

export type {
  AwsHandlerOptions,
  AwsRequestHandler,
  SdkHandlerOptions,
  SdkRequest,
  SdkResponse,
} from './request-handler.ts'

/**
 * Lets clients of the AWS SDK for JavaScript v3, those of Kinesis and of Firehose, talk to a store: no port, no server, no
 * change of the code that uses them.
 *
 * ```ts
 * const client = new KinesisClient({ region, credentials, requestHandler: awsRequestHandler(store) })
 * ```
 *
 * An access key id of twelve digits is the account, any other means the store's; the region is the client's.
 * Signatures are not checked: whoever has the store has all of it. Several clients may share one handler; it keeps
 * nothing alive, and the store is the caller's to close.
 *
 * Delivery streams of the store begin to deliver when the first handler is made for it, and go on without it.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for what is no store, and for options of a Firehose that the store has already;
 * `ERR_MILLRACE_UNKNOWN_OPTION`
 */
export function awsRequestHandler(store: Store, options: AwsHandlerOptions = {}): AwsRequestHandler {
  requireOptions('awsRequestHandler', options, ['firehose'])
  return makeRequestHandler(store, options)
}
