import type { Waiting } from './waiting.ts'
import type { ServiceModel } from '../model/model.ts'
import type { Caller } from './authorization.ts'
import type { CallWatcher } from './call-watcher.ts'
import type { Fault } from './fault.ts'
import type { Protocol } from './protocol.ts'

/** One call that has passed the judgement of its form. */
export interface ServiceRequest {
  /** Such as `PutRecord`. */
  readonly operation: string
  /** As the model says: blobs are bytes, timestamps milliseconds, maps are `Map`s; members are checked. */
  readonly input: unknown
  readonly caller: Caller
  /** For the answer; ends a stream of events. */
  readonly waiting: Waiting | undefined
  /** Told what becomes of it. */
  readonly watcher?: CallWatcher | undefined
}

/** One event of an answer that is a stream. */
export interface ServiceEvent {
  /** Name of the member in the model's union. */
  readonly type: string
  readonly event: unknown
}

/**
 * A method that an output may have: called once its document is written. Whatever the output shows may be
 * gone then.
 */
export const whenWritten: unique symbol = Symbol('whenWritten')

/** What a service is, for whatever carries its messages. */
export interface Service {
  readonly model: ServiceModel
  /** How its messages are written; the last is the one of answers to requests that do not say. */
  readonly protocols: readonly Protocol[]
  /** Whether the service answers this operation. */
  has(operation: string): boolean
  /**
   * The output of one call: a document as the model says, with an `AsyncIterable<ServiceEvent>` where it has a stream
   * of events. Fails with a `Fault`, or with what `faultOf` turns into one.
   */
  run(request: ServiceRequest): unknown
  /** The fault to answer for an error that `run`, or a stream of events, failed with. */
  faultOf(error: unknown, request: ServiceRequest): Fault
}
