import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { HttpAnswer } from './http-exchange.ts'

/** Answers of HTTP/1.1, written by hand. */
export class PlainAnswers {
  readonly #keepAlive: string
  /** Connections whose answers are written in this turn of the event loop. */
  readonly #corked: Socket[] = []
  /** Who was answered last. One that is alone need not wait for others. */
  #last: Socket | undefined
  #date = ''
  #datedS = 0

  /** @param idleMs how long a connection may stay without a request, milliseconds */
  constructor(idleMs: number) {
    this.#keepAlive = `connection: keep-alive\r\nkeep-alive: timeout=${Math.floor(idleMs / 1000)}\r\n`
  }

  /** Writes a short answer, with its head in one piece. `last`: the connection ends with it. Answers whether the socket takes more. */
  write({ status, headers }: HttpAnswer, body: Uint8Array | string, last: boolean, to: Socket): boolean {
    const bytes = bufferOf(body)
    const head = `${this.#lines(status, headers, last)}content-length: ${bytes.length}\r\n\r\n`
    // Latin-1 has a character for every byte.
    const text = bytes.toString('latin1')
    if (to !== this.#last) this.#corkForNow(to)
    this.#last = to
    return to.write(head + text, 'latin1')
  }

  /** Writes the head of an answer whose length nobody knows yet; what it answers takes the parts. */
  begin({ status, headers }: HttpAnswer, last: boolean, to: Socket): Writable {
    to.write(`${this.#lines(status, headers, last)}transfer-encoding: chunked\r\n\r\n`, 'latin1')
    return new ChunkedBody(to)
  }

  /** Writes the head of a long answer; what it answers takes so many bytes of body. */
  beginWhole({ status, headers }: HttpAnswer, bytes: number, last: boolean, to: Socket): Writable {
    to.write(`${this.#lines(status, headers, last)}content-length: ${bytes}\r\n\r\n`, 'latin1')
    return new WholeBody(to)
  }

  /** Until all that is there to be read has been: clients that are waked one by one take turns with us on a core. */
  #corkForNow(socket: Socket): void {
    socket.cork()
    if (this.#corked.push(socket) > 1) return
    setImmediate(() => {
      for (const corked of this.#corked.splice(0)) corked.uncork()
    })
  }

  #lines(status: number, headers: HttpAnswer['headers'], last: boolean): string {
    let lines = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
    for (const name in headers) {
      if (name === 'content-length') continue
      const value = headers[name] as string
      if (value.includes('\n')) throw new Error(`the header ${name} is more than a line`)
      lines += `${name}: ${value}\r\n`
    }
    return `${lines}date: ${this.#now()}\r\n${last ? 'connection: close\r\n' : this.#keepAlive}`
  }

  /** The wall clock, as the protocol writes it: the same for a second. */
  #now(): string {
    const nowS = Math.floor(Date.now() / 1000)
    if (nowS !== this.#datedS) {
      this.#datedS = nowS
      this.#date = new Date(nowS * 1000).toUTCString()
    }
    return this.#date
  }
}

function bufferOf(body: Uint8Array | string): Buffer {
  if (typeof body === 'string') return Buffer.from(body)
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.length)
}

/** A body whose length was said. Ending it leaves the socket open. */
class WholeBody extends Writable {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super({ highWaterMark: 0 })
    this.#socket = socket
  }

  override _write(part: Buffer, _encoding: BufferEncoding, done: () => void): void {
    // It calls back with an error, too, and its connection is closed then.
    this.#socket.write(part, () => done())
  }
}

/** A body in chunks (RFC 9112, section 7.1). Ending it leaves the socket open. */
class ChunkedBody extends Writable {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super({ highWaterMark: 0, decodeStrings: true })
    this.#socket = socket
  }

  override _write(part: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const socket = this.#socket
    if (part.length === 0) return void done()
    socket.cork()
    socket.write(`${part.length.toString(16)}\r\n`, 'latin1')
    socket.write(part)
    // It calls back with an error, too, and its connection is closed then.
    socket.write('\r\n', 'latin1', () => done())
    socket.uncork()
  }

  override _final(done: () => void): void {
    this.#socket.write('0\r\n\r\n', 'latin1', () => done())
  }
}
