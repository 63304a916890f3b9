import type { Firehose } from '../../firehose/firehose.ts'
import { insideOf, type Store, type StoreInside } from '../../streams/store.ts'
import { placeOf } from '../caller-place.ts'
import { type Intercept, interceptorOf, type ServiceOptions } from '../interception.ts'
import { firehoseModel, type ServiceModel } from '../model/model.ts'
import type { Fault } from '../wire/fault.ts'
import { jsonProtocol, type Protocol } from '../wire/protocol.ts'
import type { Service, ServiceRequest } from '../wire/service.ts'
import { requireAccess, requireRead } from './access.ts'
import type { Call } from './call.ts'
import { operations } from './operations.ts'
import { faultOf } from './refusal.ts'

/** Amazon Data Firehose over a store. */
export class FirehoseService implements Service {
  readonly model: ServiceModel = firehoseModel
  readonly protocols: readonly Protocol[] = [jsonProtocol]
  readonly #firehose: Firehose
  readonly #inside: StoreInside
  readonly #intercept: Intercept | undefined

  /** @param firehose the store's */
  constructor(store: Store, firehose: Firehose, options: ServiceOptions = {}) {
    this.#firehose = firehose
    this.#inside = insideOf(store)
    this.#intercept = options.intercept ?? interceptorOf(store)
  }

  has(operation: string): boolean {
    return operations.has(operation)
  }

  run({ operation: name, input, caller, watcher }: ServiceRequest): unknown {
    const operation = operations.get(name)
    if (operation === undefined) throw new Error(`no operation ${name}`)
    const { account, region } = placeOf(caller, this.#inside)
    const { credential } = caller
    const known = credential && { account, region, credential }
    if (known !== undefined) requireAccess(name, input, known)
    const call: Call = {
      firehose: this.#firehose,
      account,
      region,
      nowMs: this.#inside.time.nowMs(),
      sees: credential && ((deliveryStream) => credential.policy.allows('any', deliveryStream)),
      requireRead: known && ((streamArn) => requireRead(streamArn, known)),
      watcher,
    }
    const intercept = this.#intercept
    if (intercept === undefined) return operation.run(input as never, call)
    return intercept({ service: 'firehose', operation: name, input, account, region }, async () =>
      operation.run(input as never, call),
    )
  }

  faultOf(error: unknown, { operation, caller }: ServiceRequest): Fault {
    return faultOf(error, operation, placeOf(caller, this.#inside).account)
  }
}
