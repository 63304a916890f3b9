import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** What came back for one request of HTTP/1.1. */
export interface Http1Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** A socket whose bytes are the test's. */
export class Connection {
  readonly socket: Socket
  /** Everything that was not taken yet. */
  #received: Buffer = Buffer.alloc(0)
  #ended = false
  #changed: () => void = () => undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (part: Buffer) => {
      this.#received = Buffer.concat([this.#received, part])
      this.#changed()
    })
    socket.on('error', () => undefined)
    const end = (): void => {
      this.#ended = true
      this.#changed()
    }
    socket.on('end', end).on('close', end)
  }

  static async open({ host, port }: { readonly host: string; readonly port: number }): Promise<Connection> {
    const socket = connect({ host, port, noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  write(bytes: Uint8Array | string): void {
    this.socket.write(bytes)
  }

  /** Takes one answer; `bodyless`: to a HEAD, which has none whatever its length says. */
  async answer({ bodyless = false }: { readonly bodyless?: boolean } = {}): Promise<Http1Answer> {
    const { status, headers } = await this.head()
    return { status, headers, body: bodyless || status < 200 ? Buffer.alloc(0) : await this.body(headers) }
  }

  /** Takes what an answer begins with. */
  async head(): Promise<Omit<Http1Answer, 'body'>> {
    const end = await this.#find('\r\n\r\n')
    const [line = '', ...lines] = this.#take(end + 4)
      .toString('latin1')
      .trimEnd()
      .split('\r\n')
    const headers = Object.fromEntries(
      lines.map((text) => {
        const colon = text.indexOf(':')
        return [text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim()]
      }),
    )
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1])
    return { status, headers }
  }

  /** Takes whatever comes until the other side ends: the bytes. */
  async rest(): Promise<Buffer> {
    while (!this.#ended) await this.#change()
    return this.#take(this.#received.length)
  }

  /** So many bytes. */
  async bytes(count: number): Promise<Buffer> {
    while (this.#received.length < count) await this.#more()
    return this.#take(count)
  }

  close(): void {
    this.socket.destroy()
  }

  /** Takes the body of an answer that began so. */
  async body(headers: Readonly<Record<string, string>>): Promise<Buffer> {
    if (headers['transfer-encoding'] !== 'chunked') return this.bytes(Number(headers['content-length'] ?? 0))
    const chunks: Buffer[] = []
    for (;;) {
      const bytes = await this.chunk()
      if (bytes.length === 0) return Buffer.concat(chunks)
      chunks.push(bytes)
    }
  }

  /** One chunk of a body whose length was not said; empty at its end. */
  async chunk(): Promise<Buffer> {
    const end = await this.#find('\r\n')
    const length = Number.parseInt(this.#take(end + 2).toString('latin1'), 16)
    const bytes = await this.bytes(length + 2)
    return bytes.subarray(0, length)
  }

  async #find(mark: string): Promise<number> {
    for (;;) {
      const at = this.#received.indexOf(mark)
      if (at >= 0) return at
      await this.#more()
    }
  }

  async #more(): Promise<void> {
    if (this.#ended)
      throw new Error(`the connection ended after ${JSON.stringify(this.#received.toString('latin1'))}`)
    await this.#change()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#changed = resolve
    })
  }

  #take(count: number): Buffer {
    const taken = this.#received.subarray(0, count)
    this.#received = this.#received.subarray(count)
    return taken
  }
}
