/** For test support: how it comes between the calls of a service and a store, whoever makes the handler. */
import { insideOf, type Store } from '../streams/store.ts'

/** A call as an interceptor sees it: its form has been judged, nothing else. */
export interface InterceptedCall {
  /** Two services have a `PutRecord`. */
  readonly service: 'kinesis' | 'firehose'
  /** Such as `PutRecords`. */
  readonly operation: string
  /** As the model says: blobs are bytes, timestamps milliseconds. */
  readonly input: unknown
  readonly account: string
  readonly region: string
}

/**
 * Stands between a call and its operation: may throw a `Fault`, wait before or after, or answer something else than
 * `proceed` does. No part of the public surface.
 */
export type Intercept = (call: InterceptedCall, proceed: () => Promise<unknown>) => Promise<unknown>

/** What test support may replace. */
export interface ServiceOptions {
  readonly intercept?: Intercept | undefined
}

/** By what all views of a store share. Goes with it. */
const interceptors = new WeakMap<object, Intercept>()

/** From now on `intercept` stands between calls and operations of every handler that is made for this store. */
export function interceptCalls(store: Store, intercept: Intercept): void {
  interceptors.set(insideOf(store).meta, intercept)
}

/** What stands there. */
export function interceptorOf(store: Store): Intercept | undefined {
  return interceptors.get(insideOf(store).meta)
}
