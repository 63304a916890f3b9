import type { Server } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { Server as TlsServer, TLSSocket } from 'node:tls'
import type { Clock } from '../clock.ts'
import { MillraceError } from '../errors.ts'
import { connectionsWithin } from './descriptors.ts'
import type { Http2Endpoint } from './http2.ts'
import type { HttpLimits } from './http-limits.ts'
import { isLoopbackAddress } from './loopback.ts'
import { type Speech, speechOf } from './first-bytes.ts'

/** Who takes a connection once it is known what it speaks. */
export interface Speakers {
  readonly http1: Server
  /** Answers what it understands of HTTP/1.1, and hands on what it does not. */
  readonly plain: (socket: Socket, others: (socket: Socket) => void) => void
  readonly http2: Http2Endpoint
  /** `undefined`: TLS is not spoken here. */
  readonly tls: TlsServer | undefined
}

/** One port for HTTP/1.1, HTTP/2 and both over TLS: the first bytes of a connection say what it is. */
export class Listener {
  readonly #speakers: Speakers
  readonly #limits: HttpLimits
  readonly #clock: Clock
  readonly #sockets: Set<Socket> = new Set()
  readonly #acceptHttp1: (socket: Socket) => void

  constructor(speakers: Speakers, limits: HttpLimits, clock: Clock) {
    this.#speakers = speakers
    this.#limits = limits
    this.#clock = clock
    const { http1, tls } = speakers
    // The HTTP/1.1 server listens itself, as its watch over slow clients begins with that; who connects is seen here first.
    const [accept] = http1.listeners('connection') as ((socket: Socket) => void)[]
    if (accept === undefined) throw new Error('the HTTP server takes no connections')
    const acceptAny = accept.bind(http1) as (socket: Socket) => void
    this.#acceptHttp1 = (socket) => speakers.plain(socket, acceptAny)
    http1.removeAllListeners('connection')
    http1.on('connection', (socket: Socket) => this.#accept(socket))
    http1.maxConnections = connectionsWithin(limits.connections)
    tls?.on('secureConnection', (socket: TLSSocket) => this.#acceptSecure(socket))
    tls?.on('tlsClientError', (_error, socket) => socket.destroy())
  }

  get connections(): number {
    return this.#sockets.size
  }

  /**
   * Begins to listen; port 0 takes any that is free.
   *
   * Rejects with `ERR_MILLRACE_ADDRESS` if the system refuses the address.
   */
  async listen(host: string, port: number): Promise<AddressInfo> {
    const { http1 } = this.#speakers
    await new Promise<void>((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException): void => reject(addressError(error, host, port))
      http1.once('error', fail)
      http1.listen({ host, port, backlog: 1024 }, () => {
        http1.off('error', fail)
        resolve()
      })
    })
    // Accepting fails when descriptors are short: those that wait are taken later.
    http1.on('error', () => undefined)
    return http1.address() as AddressInfo
  }

  /** Takes no more connections, and ends those of HTTP/2 that have nothing under way. */
  end(): void {
    const { http1, http2 } = this.#speakers
    // Its own way to close also cuts off connections whose last answer is not read yet.
    NetServer.prototype.close.call(http1)
    http2.end()
  }

  /** Cuts off whoever is still there. */
  destroy(): void {
    const { http1, http2 } = this.#speakers
    // Ends its watch over slow clients.
    http1.close()
    http2.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // Until somebody takes it over; without a listener a reset would end the process.
    socket.on('error', () => undefined)
    const cancel = this.#clock.after(this.#limits.headersMs, () => socket.destroy())
    let first: Buffer | undefined
    const look = (): void => {
      const more = socket.read() as Buffer | null
      if (more === null) return
      first = first === undefined ? more : Buffer.concat([first, more])
      const speech = speechOf(first)
      // It is too short to tell; the next bytes will. Until then they are kept here: given back, they would be read again.
      if (speech === undefined) return
      cancel()
      socket.off('readable', look).off('end', leave)
      socket.unshift(first)
      this.#handOver(socket, speech)
    }
    const leave = (): void => void socket.destroy()
    socket.on('readable', look).on('end', leave)
    socket.once('close', cancel)
  }

  #handOver(socket: Socket, speech: Speech): void {
    const { http2, tls } = this.#speakers
    if (tls !== undefined && speech !== 'tls' && !isLoopbackAddress(socket.remoteAddress ?? '')) {
      refuse(socket, cleartextRefused)
      return
    }
    // HTTP/1.1 may still want its answer when the client has said all; the others say when they end.
    socket.allowHalfOpen = speech === 'http/1.1'
    switch (speech) {
      case 'http/1.1':
        this.#acceptHttp1(socket)
        return
      case 'h2':
        http2.accept(socket)
        return
      case 'tls':
        if (tls === undefined) refuse(socket, handshakeFailure)
        else tls.emit('connection', socket)
    }
  }

  #acceptSecure(socket: TLSSocket): void {
    socket.on('error', () => undefined)
    if (socket.alpnProtocol === 'h2') this.#speakers.http2.accept(socket)
    else this.#acceptHttp1(socket)
  }
}

/** Says a last word, and waits for none. */
function refuse(socket: Socket, word: Buffer): void {
  socket.end(word, () => socket.destroy())
}

/** Whoever speaks without TLS to a port that has it, from another machine, might have sent a secret. */
const cleartextRefused: Buffer = Buffer.from(
  'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: 29\r\n\r\n' +
    'this port speaks TLS: https:\n',
)

/** A fatal alert of TLS 1.2: whoever speaks TLS to a port without is told so at once. */
const handshakeFailure: Buffer = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28])

function addressError({ code, message }: NodeJS.ErrnoException, host: string, port: number): MillraceError {
  const why = code === 'EADDRINUSE' ? 'something else listens there; --port 0 takes any free one' : message
  return new MillraceError('ERR_MILLRACE_ADDRESS', `cannot listen on ${host}:${port}: ${why}`, {
    details: { host, port, errno: code },
  })
}
