/** For test support: how it comes between the calls of a service and a store, whoever makes the handler. */
import { insideOf, type Store } from '../streams/store.ts'
import type { Intercept } from './kinesis/service.ts'

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
