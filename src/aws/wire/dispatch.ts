import type { Waiting } from './waiting.ts'
import type { ServiceModel } from '../model/model.ts'
import { type Authority, type Caller, credulous } from './authorization.ts'
import type { CallWatcher } from './call-watcher.ts'
import type { RequestDocument } from './document.ts'
import type { Entropy } from './entropy.ts'
import { type EventKind, EventMessages } from './event-messages.ts'
import { eventHeaders, eventStreamContentType } from './event-stream.ts'
import type { WireRequest, WireResponse } from './exchange.ts'
import { Fault, internalFault, serializationFault } from './fault.ts'
import { inputReader, type ReadInput } from './input-reader.ts'
import { type OutputWriter, outputWriter } from './output-writer.ts'
import {
  type AnswerNames,
  cborProtocol,
  complete,
  faultText,
  jsonProtocol,
  type Protocol,
} from './protocol.ts'
import { ServiceEnd } from './service-end.ts'
import { type Service, type ServiceEvent, type ServiceRequest, whenWritten } from './service.ts'

/** Ten MiB of records in base64, with their keys and the words around them. Bytes. */
export const bodyBytesMax: number = 20 * 1024 * 1024

const noBody: Uint8Array = new Uint8Array(0)

/** How one operation is read and written. Made at its first call: a process rarely uses all of them. */
interface Codec {
  readonly read: ReadInput
  /** `undefined`: the operation answers with no document. */
  readonly writer: OutputWriter | undefined
  /** The operation answers with a stream: the member that holds it, and how its events are written. */
  readonly events: { readonly member: string; kindOf(type: string): EventKind } | undefined
}

/** Where requests of one target go. */
interface Route {
  readonly service: Service
  readonly operation: string
  /** Made when it is needed. */
  codec: Codec | undefined
}

/** Answers requests of services: judges their form in the order of the service, and calls it. */
export class Dispatcher {
  /** By the prefix of their targets. */
  readonly #services: ReadonlyMap<string, Service>
  /** Whose words are used for requests that are for none. */
  readonly #first: Service
  readonly #entropy: Entropy
  readonly #authority: Authority
  /** Of the targets that were called. */
  readonly #routes: Map<string, Route> = new Map()

  /** @param services the first answers what is for none of them */
  constructor(
    services: readonly [Service, ...Service[]],
    entropy: Entropy,
    authority: Authority = credulous,
  ) {
    this.#services = new Map(services.map((service) => [service.model.service.targetPrefix, service]))
    this.#first = services[0]
    this.#entropy = entropy
    this.#authority = authority
  }

  /**
   * Answers one request. Never rejects: what goes wrong is in the answer.
   *
   * @param waiting for the answer; ends a stream of events
   * @param watcher told what becomes of it
   */
  async answer(request: WireRequest, waiting?: Waiting, watcher?: CallWatcher): Promise<WireResponse> {
    const headers = {
      'x-amzn-requestid': this.#entropy.uuid(),
      'x-amz-id-2': this.#entropy.base64(72),
    }
    const bytes = typeof request.body === 'string' ? Buffer.byteLength(request.body) : request.body.length
    if (bytes > bodyBytesMax) return complete(413, headers, undefined, noBody)
    if (request.method !== 'POST') return complete(403, headers, undefined, accessDenied)

    const contentType = contentTypeOf(request)
    const route = this.#routeOf(request)
    const service = route?.service ?? this.#serviceOf(request)
    const protocol = protocolIn(service.protocols, contentType)
    if (route !== undefined) watcher?.called(route.operation, service.model.service.name)
    if (bytes === 0) {
      const fault = route === undefined ? unknownOperation(request) : serializationFault('')
      return faultAnswer(fault, headers, protocol ?? (service.protocols.at(-1) as Protocol))
    }
    if (contentType === 'application/json') return this.#plainJson(request, service, headers)
    if (protocol === undefined) {
      return request.headers['x-amz-target'] === undefined
        ? complete(403, headers, undefined, accessDenied)
        : complete(404, headers, undefined, Buffer.from('<UnknownOperationException/>\n'))
    }
    let document: RequestDocument | undefined
    try {
      const verified = this.#authority.verifies ? this.#callerOf(request, service) : undefined
      document = protocol.parse(request.body)
      if (route === undefined) throw unknownOperation(request)
      const caller = verified ?? this.#callerOf(request, service)
      const codec = (route.codec ??= codecOf(service.model, route.operation))
      const input = document.input(codec.read)
      const call: ServiceRequest = { operation: route.operation, input, caller, waiting, watcher }
      return await run(service, call, codec, protocol, headers)
    } catch (error) {
      watcher?.failed(error)
      return faultAnswer(asFault(error), headers, protocol)
    } finally {
      document?.release()
    }
  }

  #callerOf(request: WireRequest, service: Service): Caller {
    return this.#authority.callerOf(request, service.model.service.signingName)
  }

  /** The parsed body of a type that no operation has, in the old style of the service's framework. */
  #plainJson(request: WireRequest, service: Service, headers: AnswerNames): WireResponse {
    try {
      if (this.#authority.verifies) this.#callerOf(request, service)
      jsonProtocol.parse(request.body).release()
    } catch (error) {
      return faultAnswer(asFault(error), headers, jsonProtocol)
    }
    const type = 'com.amazon.coral.service#UnknownOperationException'
    const body = { Output: { __type: type, message: null }, Version: '1.0' }
    return complete(404, headers, 'application/json', Buffer.from(JSON.stringify(body)))
  }

  #routeOf(request: WireRequest): Route | undefined {
    const target = request.headers['x-amz-target'] ?? ''
    const known = this.#routes.get(target)
    if (known !== undefined) return known
    const [prefix = '', operation = '', ...more] = target.split('.')
    const service = this.#services.get(prefix)
    if (service === undefined || more.length > 0) return undefined
    if (!Object.hasOwn(service.model.operations, operation) || !service.has(operation)) return undefined
    const route = { service, operation, codec: undefined }
    this.#routes.set(target, route)
    return route
  }

  /** Whose words are used for a request that is for no operation. */
  #serviceOf(request: WireRequest): Service {
    const [prefix = ''] = (request.headers['x-amz-target'] ?? '').split('.', 1)
    return this.#services.get(prefix) ?? this.#first
  }
}

/** What writes a content type. A closure for each request would cost more than the look. */
function protocolIn(protocols: readonly Protocol[], contentType: string): Protocol | undefined {
  for (const protocol of protocols) if (protocol.contentType === contentType) return protocol
  return undefined
}

/** Without its parameters, in lower case. */
function contentTypeOf(request: WireRequest): string {
  const header = request.headers['content-type'] ?? ''
  if (header === jsonProtocol.contentType || header === cborProtocol.contentType) return header
  return header.split(';')[0]?.trim().toLowerCase() ?? ''
}

async function run(
  service: Service,
  call: ServiceRequest,
  codec: Codec,
  protocol: Protocol,
  headers: AnswerNames,
): Promise<WireResponse> {
  // As AWS answers it: streams of events are JSON only.
  if (codec.events !== undefined && protocol !== jsonProtocol) throw internalFault()
  try {
    const running = service.run(call)
    // What is known already is not waited for.
    const output = running instanceof Promise ? ((await running) as unknown) : running
    if (codec.events !== undefined) return streamed(service, call, codec.events, output, headers)
    if (codec.writer === undefined) return complete(200, headers, undefined, noBody)
    const body = protocol.write(codec.writer, output)
    ;(output as { readonly [whenWritten]?: () => void })[whenWritten]?.()
    return complete(200, headers, protocol.contentType, body)
  } catch (error) {
    throw faultOf(service, error, call)
  }
}

function streamed(
  service: Service,
  call: ServiceRequest,
  events: NonNullable<Codec['events']>,
  output: unknown,
  headers: AnswerNames,
): WireResponse {
  const source = (output as Record<string, AsyncIterable<ServiceEvent>>)[events.member]
  if (source === undefined) throw new Error(`${call.operation} answered without ${events.member}`)
  const messages = new EventMessages(source, {
    contentType: jsonProtocol.contentType,
    kindOf: events.kindOf,
    lastWord: (error) => {
      // Whoever ended the stream needs no word of it.
      const { aborted, reason } = call.waiting?.signal ?? { aborted: false, reason: undefined }
      if (aborted && !(reason instanceof ServiceEnd)) return undefined
      const fault = faultOf(service, error, call)
      return { type: fault.type, text: faultText(fault) }
    },
  })
  return { status: 200, headers: { ...headers, 'content-type': eventStreamContentType }, body: messages }
}

function faultOf(service: Service, error: unknown, call: ServiceRequest): Fault {
  if (!(error instanceof Fault)) call.watcher?.failed(error)
  return error instanceof Fault ? error : service.faultOf(error, call)
}

function codecOf(model: ServiceModel, operation: string): Codec {
  const shape = model.operations[operation]
  if (shape === undefined) throw new Error(`the model has no operation ${operation}`)
  const read = inputReader(model, operation, shape.input)
  if (shape.output === null) return { read, writer: undefined, events: undefined }
  const writer = outputWriter(model, shape.output)
  const stream = Object.entries(model.structures[shape.output] ?? {}).find(([, member]) => member.eventstream)
  if (stream === undefined) return { read, writer, events: undefined }
  const [member, union] = stream
  const kinds = new Map(
    Object.entries(model.structures[union.shape ?? ''] ?? {}).map(([type, kind]): [string, EventKind] => [
      type,
      {
        headers: eventHeaders(type, jsonProtocol.contentType),
        writer: outputWriter(model, kind.shape ?? ''),
      },
    ]),
  )
  const kindOf = (type: string): EventKind => {
    const found = kinds.get(type)
    if (found === undefined) throw new Error(`the model has no event ${type}`)
    return found
  }
  return { read, writer, events: { member, kindOf } }
}

function faultAnswer(fault: Fault, headers: AnswerNames, protocol: Protocol): WireResponse {
  return complete(fault.status, headers, protocol.contentType, protocol.fault(fault))
}

/** A defect of ours is the service's failure to whoever calls. */
function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : internalFault(error)
}

function unknownOperation(request: WireRequest): Fault {
  const target = (request.headers['x-amz-target'] ?? '').slice(0, 128)
  return new Fault('UnknownOperationException', `'${target}' is no operation that millrace knows`, {
    framework: true,
  })
}

const accessDenied: Uint8Array = Buffer.from(
  '<AccessDeniedException>\n' +
    '  <Message>Unable to determine service/operation name to be authorized</Message>\n' +
    '</AccessDeniedException>\n',
)
