import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { KiB } from '../units.ts'
import { drained, leaveUnread, writeParts } from './answer-body.ts'
import type { Exchange } from './exchanges.ts'
import type { Answering } from './http1.ts'
import type { Http1Connections } from './http1-connections.ts'
import type { HttpAnswer, HttpRequest } from './http-exchange.ts'
import type { HttpLimits } from './http-limits.ts'
import { PlainAnswers } from './plain-answer.ts'
import { PlainBody } from './plain-body.ts'
import { type PlainHead, plainHead } from './plain-head.ts'
import { BodyRefused } from './request-body.ts'

/** What a plain connection needs to know. */
interface PlainParts {
  readonly answering: Answering
  readonly connections: Http1Connections
  readonly limits: HttpLimits
  readonly answers: PlainAnswers
}

/**
 * HTTP/1.1 as the clients of AWS speak it: a `POST /` with a length, one after the other. Half of what a short request
 * costs would be the protocol's in Node's server, which knows all of it. Whatever is not as plain as can be, a head that does
 * not come in one piece among them, is not judged here: the connection is handed to that server, for good.
 */
export class PlainHttp1 {
  readonly #parts: PlainParts

  constructor(parts: Omit<PlainParts, 'answers'>) {
    this.#parts = { ...parts, answers: new PlainAnswers(parts.limits.idleMs) }
  }

  /**
   * Takes a connection that speaks HTTP/1.1, of which nothing was used yet.
   *
   * @param others takes it over, with everything that was read of it and not used
   */
  accept(socket: Socket, others: (socket: Socket) => void): void {
    new PlainConnection(socket, this.#parts, others).begin()
  }
}

const headEnd: Buffer = Buffer.from('\r\n\r\n')
/** Longer answers are written step by step, and counted as what may go unread. Bytes. */
const longBytes = 16 * KiB
/** So much of what a client says before it has its answer is kept, bytes. */
const aheadBytes = 64 * KiB

class PlainConnection {
  readonly #socket: Socket
  readonly #parts: PlainParts
  readonly #others: (socket: Socket) => void
  /** The request that is being read or answered. */
  #exchange: Exchange | undefined
  #body: PlainBody | undefined
  /** What came behind it already. */
  #ahead: Buffer | undefined
  /** The client says no more. */
  #ended = false
  readonly #onData = (part: Buffer): void => this.#take(part)
  readonly #onEnd = (): void => this.#end()
  readonly #onClose = (): void => this.#close()
  readonly #onTimeout = (): void => void this.#socket.destroy()
  readonly #cut = (): void => this.#refuse(408)

  constructor(socket: Socket, parts: PlainParts, others: (socket: Socket) => void) {
    this.#socket = socket
    this.#parts = parts
    this.#others = others
  }

  begin(): void {
    const socket = this.#socket
    socket.on('end', this.#onEnd).on('close', this.#onClose).on('timeout', this.#onTimeout)
    // Of a client that neither asks nor takes its answer.
    socket.setTimeout(this.#parts.limits.idleMs)
    socket.on('data', this.#onData)
    socket.resume()
  }

  #take(part: Buffer): void {
    // The last answer was given.
    if (this.#socket.writableEnded) return
    if (this.#exchange === undefined) this.#ask(part)
    else this.#keep(this.#body !== undefined && this.#body.left > 0 ? this.#body.push(part) : part)
  }

  /** A client that does not wait for its answer is read a little further, so that its leaving is noticed. */
  #keep(part: Buffer | undefined): void {
    if (part === undefined) return
    this.#ahead = this.#ahead === undefined ? part : Buffer.concat([this.#ahead, part])
    if (this.#ahead.length >= aheadBytes) this.#socket.pause()
  }

  #ask(part: Buffer): void {
    const { limits, answering, connections } = this.#parts
    const at = part.indexOf(headEnd)
    const head =
      at < 0 || at > limits.headerBytes
        ? undefined
        : plainHead(part.toString('latin1', 0, at), limits.headers)
    if (head === undefined || head.bodyBytes > answering.handler.bodyBytesMax) {
      this.#handOver(part)
      return
    }
    const exchange = answering.exchanges.begin()
    this.#exchange = exchange
    connections.begin(this.#socket)
    const begin = at + headEnd.length
    const end = begin + head.bodyBytes
    if (part.length >= end) {
      if (part.length > end) this.#keep(part.subarray(end))
      void this.#serve(head, exchange, part.subarray(begin, end))
      return
    }
    this.#body = new PlainBody(this.#socket, head.bodyBytes)
    if (part.length > begin) this.#body.push(part.subarray(begin))
    void this.#serve(head, exchange, this.#body)
  }

  #handOver(part: Buffer): void {
    const socket = this.#socket
    // Whoever has said all says no more of this.
    if (this.#ended) {
      socket.end()
      return
    }
    socket.off('data', this.#onData).off('end', this.#onEnd)
    socket.off('close', this.#onClose).off('timeout', this.#onTimeout)
    socket.setTimeout(0)
    socket.pause()
    socket.unshift(part)
    this.#others(socket)
    socket.resume()
  }

  async #serve(
    { headers, bodyBytes }: PlainHead,
    exchange: Exchange,
    source: PlainBody | Uint8Array,
  ): Promise<void> {
    const { handler, receptions } = this.#parts.answering
    const socket = this.#socket
    const use = (body: Uint8Array): Promise<HttpAnswer> =>
      handler.answer(this.#requestOf(headers, body), exchange)
    try {
      const answer = await (source instanceof PlainBody
        ? receptions.receive({ source, declared: bodyBytes, waiting: exchange, cut: this.#cut }, use)
        : receptions.take(source, exchange, use))
      if (socket.destroyed) leaveUnread(answer.body)
      else {
        const later = this.#send(answer, exchange)
        if (later !== undefined) await later
      }
    } catch (error) {
      if (error instanceof BodyRefused) this.#refuse(error.status)
      else socket.destroy()
    }
    this.#done(exchange)
  }

  /** The rest of the request is not read: the connection has to go. */
  #refuse(status: number): void {
    this.#parts.answers.write({ status, headers: {}, body: '' }, '', true, this.#socket)
    this.#socket.destroySoon()
  }

  #requestOf(headers: HttpRequest['headers'], body: Uint8Array): HttpRequest {
    const encrypted = (this.#socket as Partial<TLSSocket>).encrypted === true
    return { method: 'POST', path: '/', query: '', headers, body, version: '1.1', encrypted }
  }

  /** Sends an answer; fulfils when the next request may come, or answers nothing if it may at once. */
  #send(answer: HttpAnswer, exchange: Exchange): Promise<void> | undefined {
    const { answers, answering } = this.#parts
    const { body } = answer
    const last = answering.exchanges.ending || (this.#ended && this.#ahead === undefined)
    const isWhole = typeof body === 'string' || body instanceof Uint8Array
    if (!isWhole || body.length > longBytes) return this.#sendLong(answer, exchange, last)
    if (!answers.write(answer, body, last, this.#socket)) return this.#sent(last)
    if (last) this.#socket.end()
    return undefined
  }

  async #sent(last: boolean): Promise<void> {
    await drained(this.#socket)
    if (last) this.#socket.end()
  }

  async #sendLong(answer: HttpAnswer, exchange: Exchange, last: boolean): Promise<void> {
    const { answers, answering } = this.#parts
    const { body } = answer
    if (typeof body !== 'string' && !(body instanceof Uint8Array)) {
      exchange.stream()
      if (this.#ended) {
        leaveUnread(body)
        this.#socket.destroy()
      } else await this.#through(answers.begin(answer, last, this.#socket), (to) => writeParts(body, to))
    } else {
      const bytes = typeof body === 'string' ? Buffer.from(body) : body
      const begun = answers.beginWhole(answer, bytes.length, last, this.#socket)
      await this.#through(begun, (to) => answering.answers.send(bytes, to, this.#socket))
    }
    if (last) this.#socket.end()
  }

  /** Fulfils when a body has been written, or its connection is closed. */
  async #through(to: Writable, write: (to: Writable) => void | Promise<void>): Promise<void> {
    const leave = (): void => void to.destroy()
    this.#socket.once('close', leave)
    await write(to)
    if (!to.closed) await once(to, 'close')
    this.#socket.off('close', leave)
  }

  #done(exchange: Exchange): void {
    if (this.#exchange !== exchange) return
    this.#exchange = undefined
    this.#body = undefined
    exchange.done()
    this.#parts.connections.done(this.#socket)
    if (this.#socket.destroyed || this.#socket.writableEnded) return
    const ahead = this.#ahead
    this.#ahead = undefined
    if (ahead !== undefined) this.#ask(ahead)
    else if (this.#ended) this.#socket.end()
    // A body that has begun resumes by itself, once there is memory for it.
    if (this.#ahead === undefined && this.#body === undefined) this.#socket.resume()
  }

  #end(): void {
    this.#ended = true
    const [exchange, body] = [this.#exchange, this.#body]
    // What it asked before is answered still; but for a stream, which ends only when its client goes.
    if (exchange === undefined) this.#socket.end()
    else if (exchange.streaming || (body !== undefined && body.left > 0)) this.#socket.destroy()
  }

  #close(): void {
    const exchange = this.#exchange
    if (exchange === undefined) return
    exchange.abandon()
    this.#body?.emit('close')
    this.#done(exchange)
  }
}
