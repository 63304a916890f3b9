import type { Store } from '../streams/store.ts'
import type { Waiting } from './wire/waiting.ts'
import { type Authority, credulous } from './wire/authorization.ts'
import { bodyBytesMax, Dispatcher } from './wire/dispatch.ts'
import { systemEntropy } from './wire/entropy.ts'
import type { AwsHandlerOptions } from './request-handler.ts'
import { awsServices } from './services.ts'
import type { CallWatcher } from './wire/call-watcher.ts'
import type { WireRequest, WireResponse } from './wire/exchange.ts'

/** The services of AWS over a store, for whatever carries their messages. No part of the public surface. */
export interface AwsEndpoint {
  /** The longest request, bytes. */
  readonly bodyBytesMax: number
  /**
   * Answers one request. Never rejects.
   *
   * @param waiting for the answer; ends a stream of events
   * @param watcher told what becomes of it
   */
  answer(request: WireRequest, waiting: Waiting, watcher?: CallWatcher): Promise<WireResponse>
}

/**
 * Makes an endpoint for one store. Unless an authority says otherwise, whatever a request says of its caller is believed.
 *
 * @throws what `firehose` of `millrace/firehose` throws for its options
 */
export function awsEndpoint(
  store: Store,
  authority: Authority = credulous,
  options: AwsHandlerOptions = {},
): AwsEndpoint {
  const dispatcher = new Dispatcher(awsServices(store, options), systemEntropy, authority)
  return { bodyBytesMax, answer: dispatcher.answer.bind(dispatcher) }
}
