import type { ServiceModel } from '../model/model.ts'
import { callerOf } from './authorization.ts'
import type { Entropy } from './entropy.ts'
import { eventMessage, eventStreamContentType, exceptionMessage, initialResponse } from './event-stream.ts'
import type { WireRequest, WireResponse } from './exchange.ts'
import { Fault, internalFault, serializationFault } from './fault.ts'
import { inputReader, type ReadInput } from './input-reader.ts'
import { type OutputWriter, outputWriter } from './output-writer.ts'
import { cborProtocol, complete, faultText, jsonProtocol, type Protocol, protocolOf } from './protocol.ts'
import { type Service, type ServiceEvent, type ServiceRequest, whenWritten } from './service.ts'

/** Ten MiB of records in base64, with their keys and the words around them. Bytes. */
const bodyBytesMax: number = 20 * 1024 * 1024

const noBody: Uint8Array = new Uint8Array(0)

/** How one operation is read and written. Made at its first call: a process rarely uses all of them. */
interface Codec {
  readonly read: ReadInput
  /** `undefined`: the operation answers with no document. */
  readonly writer: OutputWriter | undefined
  /** The operation answers with a stream: the member that holds it, and the writers of its events. */
  readonly events: { readonly member: string; writerOf(type: string): OutputWriter } | undefined
}

/** Answers requests of one service: judges their form in the order of the service, and calls it. */
export class Dispatcher {
  readonly #service: Service
  readonly #entropy: Entropy
  readonly #codecs: Map<string, Codec> = new Map()

  constructor(service: Service, entropy: Entropy) {
    this.#service = service
    this.#entropy = entropy
  }

  /**
   * Answers one request. Never rejects: what goes wrong is in the answer.
   *
   * @param signal aborted when nobody waits for the answer any more
   */
  async answer(request: WireRequest, signal?: AbortSignal): Promise<WireResponse> {
    const headers = {
      'x-amzn-requestid': this.#entropy.uuid(),
      'x-amz-id-2': this.#entropy.bytes(72).toString('base64'),
    }
    const bytes = typeof request.body === 'string' ? Buffer.byteLength(request.body) : request.body.length
    if (bytes > bodyBytesMax) return complete(413, headers, undefined, noBody)
    if (request.method !== 'POST') return complete(403, headers, undefined, accessDenied)

    const contentType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
    const protocol = protocolOf(contentType)
    const operation = this.#operationOf(request)
    if (bytes === 0) {
      const fault = operation === undefined ? unknownOperation(request) : serializationFault('')
      return faultAnswer(fault, headers, protocol === jsonProtocol ? jsonProtocol : cborProtocol)
    }
    if (contentType === 'application/json') return this.#plainJson(request, headers)
    if (protocol === undefined) {
      return request.headers['x-amz-target'] === undefined
        ? complete(403, headers, undefined, accessDenied)
        : complete(404, headers, undefined, Buffer.from('<UnknownOperationException/>\n'))
    }
    try {
      const body = protocol.parse(request.body)
      if (operation === undefined) throw unknownOperation(request)
      const caller = callerOf(request)
      const codec = this.#codecOf(operation)
      const input = codec.read(body, protocol.form)
      const call: ServiceRequest = { operation, input, caller, signal }
      return await this.#run(call, codec, protocol, headers)
    } catch (error) {
      return faultAnswer(asFault(error), headers, protocol)
    }
  }

  async #run(
    call: ServiceRequest,
    codec: Codec,
    protocol: Protocol,
    headers: Readonly<Record<string, string>>,
  ): Promise<WireResponse> {
    // As AWS answers it: streams of events are JSON only.
    if (codec.events !== undefined && protocol !== jsonProtocol) throw internalFault()
    try {
      const output = await this.#service.run(call)
      if (codec.events !== undefined) return this.#streamed(call, codec.events, output, headers)
      if (codec.writer === undefined) return complete(200, headers, undefined, noBody)
      const body = protocol.write(codec.writer, output)
      ;(output as { readonly [whenWritten]?: () => void })[whenWritten]?.()
      return complete(200, headers, protocol.contentType, body)
    } catch (error) {
      throw this.#faultOf(error, call)
    }
  }

  #streamed(
    call: ServiceRequest,
    events: NonNullable<Codec['events']>,
    output: unknown,
    headers: Readonly<Record<string, string>>,
  ): WireResponse {
    const source = (output as Record<string, AsyncIterable<ServiceEvent>>)[events.member]
    if (source === undefined) throw new Error(`${call.operation} answered without ${events.member}`)
    const contentType = jsonProtocol.contentType
    const faultOf = (error: unknown): Fault => this.#faultOf(error, call)
    async function* messages(): AsyncGenerator<Uint8Array, void, undefined> {
      yield initialResponse(contentType)
      try {
        for await (const { type, event } of source as AsyncIterable<ServiceEvent>) {
          yield eventMessage(type, contentType, events.writerOf(type).json(event))
        }
      } catch (error) {
        const fault = faultOf(error)
        yield exceptionMessage(fault.type, contentType, faultText(fault))
      }
    }
    return { status: 200, headers: { ...headers, 'content-type': eventStreamContentType }, body: messages() }
  }

  #faultOf(error: unknown, call: ServiceRequest): Fault {
    return error instanceof Fault ? error : this.#service.faultOf(error, call)
  }

  /** The parsed body of a type that no operation has, in the old style of the service's framework. */
  #plainJson(request: WireRequest, headers: Readonly<Record<string, string>>): WireResponse {
    try {
      jsonProtocol.parse(request.body)
    } catch (error) {
      return faultAnswer(asFault(error), headers, jsonProtocol)
    }
    const type = 'com.amazon.coral.service#UnknownOperationException'
    const body = { Output: { __type: type, message: null }, Version: '1.0' }
    return complete(404, headers, 'application/json', Buffer.from(JSON.stringify(body)))
  }

  #operationOf(request: WireRequest): string | undefined {
    const [prefix, operation = '', ...more] = (request.headers['x-amz-target'] ?? '').split('.')
    if (prefix !== this.#service.model.service.targetPrefix || more.length > 0) return undefined
    return Object.hasOwn(this.#service.model.operations, operation) && this.#service.has(operation)
      ? operation
      : undefined
  }

  #codecOf(operation: string): Codec {
    const known = this.#codecs.get(operation)
    if (known !== undefined) return known
    const made = codecOf(this.#service.model, operation)
    this.#codecs.set(operation, made)
    return made
  }
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
  const kinds = model.structures[union.shape ?? ''] ?? {}
  const writers = new Map(
    Object.entries(kinds).map(([type, kind]) => [type, outputWriter(model, kind.shape ?? '')] as const),
  )
  const writerOf = (type: string): OutputWriter => {
    const found = writers.get(type)
    if (found === undefined) throw new Error(`the model has no event ${type}`)
    return found
  }
  return { read, writer, events: { member, writerOf } }
}

function faultAnswer(
  fault: Fault,
  headers: Readonly<Record<string, string>>,
  protocol: Protocol,
): WireResponse {
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
