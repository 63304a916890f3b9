import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A request to S3, as far as tests look at it. */
export interface S3Request {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly storageClass: unknown
}

/** What becomes of a request instead of being handed on. */
export type S3Fault =
  | { readonly kind: 'answer'; readonly status: number; readonly code?: string; readonly body?: string }
  /** Never answered. */
  | { readonly kind: 'silence' }
  /** The connection is cut: at once, or when it has been carried out. */
  | { readonly kind: 'cut'; readonly after: boolean }

/**
 * Stands before s3rver: lets tests fail requests, knows which uploads are open, and carries out AbortMultipartUpload, which
 * s3rver does not have.
 */
export class S3Front {
  readonly requests: S3Request[] = []
  /** Uploads that were neither completed nor aborted. */
  readonly uploads: Set<string> = new Set()
  /** What is to become of a request; `undefined` to hand it on. */
  fault: (request: S3Request) => S3Fault | undefined = () => undefined
  readonly #server: Server
  readonly #port: number

  private constructor(port: number) {
    this.#port = port
    this.#server = createServer((incoming, outgoing) => void this.#handle(incoming, outgoing))
  }

  /** @param port where s3rver listens */
  static async start(port: number): Promise<S3Front> {
    const front = new S3Front(port)
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve))
    return front
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://front')
    const seen = {
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      storageClass: incoming.headers['x-amz-storage-class'],
    }
    this.requests.push(seen)
    const fault = this.fault(seen)
    if (fault?.kind === 'silence') {
      incoming.resume()
      return
    }
    if (fault?.kind === 'answer') {
      incoming.resume()
      await new Promise((resolve) => incoming.once('end', resolve))
      const {
        status,
        code,
        body = code === undefined ? '' : `<Error><Code>${code}</Code><Message>so</Message></Error>`,
      } = fault
      outgoing.writeHead(status, { 'content-type': 'application/xml' }).end(body)
      return
    }
    if (fault?.kind === 'cut' && !fault.after) {
      incoming.socket.destroy()
      return
    }
    const uploadId = searchParams.get('uploadId')
    if (seen.method === 'DELETE' && uploadId !== null) {
      outgoing.writeHead(this.uploads.delete(uploadId) ? 204 : 404).end()
      return
    }
    const answer = await this.#handOn(incoming)
    if (answer.status === 200 && searchParams.has('uploads')) {
      this.uploads.add(/<UploadId>(.*?)<\/UploadId>/.exec(answer.body.toString())?.[1] ?? '')
    }
    if (answer.status === 200 && seen.method === 'POST' && uploadId !== null) this.uploads.delete(uploadId)
    if (fault?.kind === 'cut') incoming.socket.destroy()
    else outgoing.writeHead(answer.status, answer.headers).end(answer.body)
  }

  #handOn(
    incoming: IncomingMessage,
  ): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }> {
    return new Promise((resolve) => {
      const { url, method, headers } = incoming
      const through = request(
        { host: '127.0.0.1', port: this.#port, path: url, method, headers, agent: false },
        (message) => {
          const chunks: Buffer[] = []
          message.on('data', (chunk: Buffer) => chunks.push(chunk))
          message.on('end', () => {
            resolve({
              status: message.statusCode ?? 0,
              headers: message.headers,
              body: Buffer.concat(chunks),
            })
          })
        },
      )
      // A client that goes away takes its request with it.
      incoming.on('close', () => {
        if (!incoming.complete) through.destroy()
      })
      through.on('error', () => {})
      incoming.pipe(through)
    })
  }
}
