import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A connection of which every byte is ours. */
export class RawConnection {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #closed = false
  #waiting: (() => void)[] = []

  /** `dial` makes these. */
  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (part: Buffer) => {
      this.#received = Buffer.concat([this.#received, part])
      this.#wake()
    })
    // Cut off is as good as ended.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  get text(): string {
    return this.#received.toString('latin1')
  }

  get bytes(): Buffer {
    return this.#received
  }

  get closed(): boolean {
    return this.#closed
  }

  write(data: string | Uint8Array): this {
    if (!this.socket.destroyed) this.socket.write(data)
    return this
  }

  /** All that comes until the other side closes. */
  async untilClosed(): Promise<string> {
    await this.until(() => this.#closed)
    return this.text
  }

  /** All that has come once it matches. Rejects if the connection closes before. */
  async untilReceived(pattern: RegExp): Promise<string> {
    await this.until(() => this.#closed || pattern.test(this.text))
    if (!pattern.test(this.text)) throw new Error(`closed after ${JSON.stringify(this.text.slice(0, 500))}`)
    return this.text
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Connects; the test that did ends it. */
export async function dial(
  port: number,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1', ...options })
  onTestFinished(() => void socket.destroy())
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return new RawConnection(socket)
}

/** The status lines of all answers in a text. */
export function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]))
}
