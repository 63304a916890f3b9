/** What `import 'millrace/aws'` gives. */
import type { Store } from '../streams/store.ts'
import { type AwsRequestHandler, makeRequestHandler } from './request-handler.ts'

export type { AwsRequestHandler, SdkHandlerOptions, SdkRequest, SdkResponse } from './request-handler.ts'

/**
 * Lets clients of the AWS SDK for JavaScript v3 talk to a store: no port, no server, no change of the code that uses
 * them.
 *
 * ```ts
 * const client = new KinesisClient({ region, credentials, requestHandler: awsRequestHandler(store) })
 * ```
 *
 * An access key id of twelve digits is the account, any other means the store's; the region is the client's.
 * Signatures are not checked: whoever has the store has all of it. Several clients may share one handler; it keeps
 * nothing alive, and the store is the caller's to close.
 *
 * @throws `ERR_MILLRACE_INVALID_ARGUMENT` for what is no store
 */
export function awsRequestHandler(store: Store): AwsRequestHandler {
  return makeRequestHandler(store)
}
