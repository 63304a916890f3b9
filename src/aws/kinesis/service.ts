import { firehoseOf } from '../../firehose/firehose.ts'
import { insideOf, type Store, type StoreInside } from '../../streams/store.ts'
import { placeOf, type Place } from '../caller-place.ts'
import { type Intercept, interceptorOf, type ServiceOptions } from '../interception.ts'
import { kinesisModel, type ServiceModel } from '../model/model.ts'
import type { Caller } from '../wire/authorization.ts'
import type { Fault } from '../wire/fault.ts'
import { cborProtocol, jsonProtocol, type Protocol } from '../wire/protocol.ts'
import type { Service, ServiceRequest } from '../wire/service.ts'
import { requireAccess } from './access.ts'
import type { Call } from './call.ts'
import { operations } from './operations.ts'
import { faultOf } from './refusal.ts'
import { keyInStreamToken } from './list-token.ts'
import { keyInArn } from './stream-target.ts'

/** Kinesis Data Streams over a store. */
export class KinesisService implements Service {
  readonly model: ServiceModel = kinesisModel
  readonly protocols: readonly Protocol[] = [jsonProtocol, cborProtocol]
  readonly #store: Store
  readonly #inside: StoreInside
  readonly #intercept: Intercept | undefined
  readonly #firehose: Call['firehose'] = () => firehoseOf(this.#store)
  readonly #within: Call['within'] = (account, region) => this.#store.within({ account, region })

  constructor(store: Store, options: ServiceOptions = {}) {
    this.#store = store
    this.#inside = insideOf(store)
    this.#intercept = options.intercept ?? interceptorOf(store)
  }

  has(operation: string): boolean {
    return operations.has(operation)
  }

  run({ operation: name, input, caller, waiting, watcher }: ServiceRequest): unknown {
    const operation = operations.get(name)
    if (operation === undefined) throw new Error(`no operation ${name}`)
    const { account, region } = this.#placeOf(caller)
    const { credential } = caller
    if (credential !== undefined) requireAccess(name, input, { account, region, credential })
    this.#inside.limits?.call({ operation: name, account, region, streamName: streamNameIn(input) })
    const nowMs = this.#inside.time.nowMs()
    const call: Call = {
      inside: this.#inside,
      firehose: this.#firehose,
      within: this.#within,
      account,
      region,
      nowMs,
      sees: credential && ((streamName) => credential.policy.allows('any', streamName)),
      waiting,
      watcher,
    }
    const intercept = this.#intercept
    if (intercept === undefined) return operation.run(input as never, call)
    return intercept({ service: 'kinesis', operation: name, input, account, region }, async () =>
      operation.run(input as never, call),
    )
  }

  faultOf(error: unknown, { operation, caller }: ServiceRequest): Fault {
    return faultOf(error, operation, this.#placeOf(caller))
  }

  #placeOf(caller: Caller): Place {
    return placeOf(caller, this.#inside)
  }
}

/** The stream that a call of a rate of its own is about. */
function streamNameIn(input: unknown): string | undefined {
  const {
    StreamName: name,
    StreamARN: arn,
    NextToken: token,
  } = input as { readonly StreamName?: string; readonly StreamARN?: string; readonly NextToken?: string }
  if (name !== undefined) return name
  if (arn !== undefined) return keyInArn(arn)?.name
  return token === undefined ? undefined : keyInStreamToken(token)?.name
}
