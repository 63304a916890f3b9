import { insideOf, type Store, type StoreInside } from '../../streams/store.ts'
import { interceptorOf } from '../interception.ts'
import { kinesisModel, type ServiceModel } from '../model/model.ts'
import type { Caller } from '../wire/authorization.ts'
import type { Fault } from '../wire/fault.ts'
import type { Service, ServiceRequest } from '../wire/service.ts'
import type { Call } from './call.ts'
import { operations } from './operations.ts'
import { faultOf } from './refusal.ts'
import { keyInArn } from './stream-target.ts'

/** A call as an interceptor sees it: its form has been judged, nothing else. */
export interface InterceptedCall {
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
export interface KinesisServiceOptions {
  readonly intercept?: Intercept | undefined
}

/** Kinesis Data Streams over a store. */
export class KinesisService implements Service {
  readonly model: ServiceModel = kinesisModel
  readonly #store: Store
  readonly #inside: StoreInside
  readonly #intercept: Intercept | undefined

  constructor(store: Store, options: KinesisServiceOptions = {}) {
    this.#store = store
    this.#inside = insideOf(store)
    this.#intercept = options.intercept ?? interceptorOf(store)
  }

  has(operation: string): boolean {
    return operations.has(operation)
  }

  run({ operation: name, input, caller, signal }: ServiceRequest): unknown {
    const operation = operations.get(name)
    if (operation === undefined) throw new Error(`no operation ${name}`)
    const { account, region } = this.#placeOf(caller)
    this.#inside.limits?.call({ operation: name, account, region, streamName: streamNameIn(input) })
    const nowMs = this.#inside.time.nowMs()
    const call: Call = {
      inside: this.#inside,
      within: (ofAccount, inRegion) => this.#store.within({ account: ofAccount, region: inRegion }),
      account,
      region,
      nowMs,
      signal,
    }
    const intercept = this.#intercept
    if (intercept === undefined) return operation.run(input as never, call)
    return intercept({ operation: name, input, account, region }, async () =>
      operation.run(input as never, call),
    )
  }

  faultOf(error: unknown, { operation, caller }: ServiceRequest): Fault {
    return faultOf(error, operation, this.#placeOf(caller))
  }

  /** An access key id of twelve digits is the account; a region that no store could have means the store's. */
  #placeOf({ accessKeyId, region }: Caller): { readonly account: string; readonly region: string } {
    return {
      account: /^\d{12}$/.test(accessKeyId) ? accessKeyId : this.#inside.account,
      region: /^[a-z0-9-]{1,64}$/.test(region) ? region : this.#inside.region,
    }
  }
}

/** The stream that a call of a rate of its own is about. */
function streamNameIn(input: unknown): string | undefined {
  const { StreamName: name, StreamARN: arn } = input as {
    readonly StreamName?: string
    readonly StreamARN?: string
  }
  return name ?? (arn === undefined ? undefined : keyInArn(arn)?.name)
}
