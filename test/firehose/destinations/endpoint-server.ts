import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gunzipSync } from 'node:zlib'

/** A request as the endpoint got it. */
export interface EndpointRequest {
  readonly method: string
  readonly url: string
  readonly headers: NodeJS.Dict<string | string[]>
  /** Unpacked. */
  readonly text: string
  readonly json: {
    readonly requestId: string
    readonly timestamp: number
    readonly records: { readonly data: string }[]
  }
}

/** What an endpoint does with a request that it has read, or, with `early`, before it has read it. */
export type EndpointAnswer = (
  outgoing: ServerResponse,
  request: EndpointRequest,
  incoming: IncomingMessage,
) => void

/** Takes everything, as AWS's contract asks for it. */
export const taken: EndpointAnswer = (outgoing, { json }) => {
  outgoing.writeHead(200, { 'Content-Type': 'application/json' })
  outgoing.end(JSON.stringify({ requestId: json.requestId, timestamp: 1_578_090_903_599 }))
}

/** An HTTP endpoint that does as a test says. */
export class EndpointServer {
  /** Those that were read as a whole. */
  readonly requests: EndpointRequest[] = []
  /** Records of the requests that `taken` answered. */
  readonly records: Buffer[] = []
  answer: EndpointAnswer = taken
  /** Called when the head of a request is there, instead of reading it. */
  early: ((incoming: IncomingMessage, outgoing: ServerResponse) => void) | undefined
  /** Called when a request has been read. */
  asked: () => void = () => {}
  readonly sockets: Set<Socket> = new Set()
  /** Connections that were made. */
  connections = 0
  readonly #server: Server

  private constructor() {
    this.#server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing))
    this.#server.on('connection', (socket) => {
      this.connections += 1
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  static async start(): Promise<EndpointServer> {
    const server = new EndpointServer()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/in?key=a%20b`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    if (this.early !== undefined) {
      this.early(incoming, outgoing)
      return
    }
    const chunks: Buffer[] = []
    try {
      for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    } catch {
      return // the client went away
    }
    const body = Buffer.concat(chunks)
    const text = (incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()
    const { method = '', url = '', headers } = incoming
    const request = { method, url, headers, text, json: JSON.parse(text) as EndpointRequest['json'] }
    this.requests.push(request)
    if (this.answer === taken) {
      for (const { data } of request.json.records) this.records.push(Buffer.from(data, 'base64'))
    }
    this.answer(outgoing, request, incoming)
    this.asked()
  }
}
