import { connect, type Socket } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

/**
 * One kept connection of HTTP/1.1 that sends bytes that were made before and waits for the whole answer: next to nothing of a
 * call's time is the client's.
 */
export class RawClient {
  readonly #socket: Socket
  #received: Buffer[] = []
  #length = 0
  /** Where the answer ends, once its head is there; `undefined` for one in chunks. */
  #end: number | undefined
  #head = false
  #answered: ((answer: Buffer) => void) | undefined
  #failed: ((error: Error) => void) | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (part: Buffer) => this.#take(part))
    socket.on('error', (error) => this.#failed?.(error))
    socket.on('close', () => this.#failed?.(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new RawClient(socket)))
      socket.once('error', reject)
    })
  }

  /** Sends a request; answers head and body as they came. */
  call(request: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#answered = resolve
      this.#failed = reject
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#failed = undefined
    this.#socket.destroy()
  }

  #take(part: Buffer): void {
    this.#received.push(part)
    this.#length += part.length
    if (!this.#head) this.#readHead()
    if (!this.#head) return
    if (
      this.#end === undefined ? !part.subarray(-lastChunk.length).equals(lastChunk) : this.#length < this.#end
    )
      return
    const answer = this.#received.length === 1 ? part : Buffer.concat(this.#received)
    this.#received = []
    this.#length = 0
    this.#head = false
    this.#answered?.(answer)
  }

  #readHead(): void {
    const received = Buffer.concat(this.#received)
    const at = received.indexOf(headEnd)
    if (at < 0) return
    this.#head = true
    const [, length] = /\r\ncontent-length: *(\d+)/i.exec(received.subarray(0, at).toString('latin1')) ?? []
    this.#end = length === undefined ? undefined : at + headEnd.length + Number(length)
  }
}

/** A request as it goes over the wire. */
export function rawRequest(operation: string, contentType: string, body: Uint8Array): Buffer {
  const head = [
    'POST / HTTP/1.1',
    'host: 127.0.0.1',
    `content-type: ${contentType}`,
    `content-length: ${body.length}`,
    `x-amz-target: Kinesis_20131202.${operation}`,
    'x-amz-date: 20260101T000000Z',
    'authorization: AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=00',
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

/** The status of an answer. */
export function statusOf(answer: Buffer): number {
  return Number(answer.subarray(9, 12).toString('latin1'))
}
