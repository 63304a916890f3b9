import type { Socket } from 'node:net'

/**
 * The connections of HTTP/1.1 that requests have come by, so that an end closes each as soon as it has nothing under
 * way. Node's own way of closing idle ones also cuts off those whose last answer is not read yet.
 */
export class Http1Connections {
  /** How many requests are under way on each. */
  readonly #open: Map<Socket, number> = new Map()
  #closed: (() => void)[] = []
  #ending = false

  /** A request has come. */
  begin(socket: Socket): void {
    const underWay = this.#open.get(socket)
    this.#open.set(socket, (underWay ?? 0) + 1)
    if (underWay !== undefined) return
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#tell()
    })
  }

  /** It has been answered, or cannot be. */
  done(socket: Socket): void {
    const underWay = this.#open.get(socket)
    if (underWay === undefined) return
    this.#open.set(socket, underWay - 1)
    if (this.#ending && underWay === 1) socket.destroySoon()
  }

  /** Closes those that have nothing under way, and the others when that is done. */
  end(): void {
    this.#ending = true
    for (const [socket, underWay] of this.#open) if (underWay === 0) socket.destroySoon()
  }

  /** Fulfils when all are closed, what was written to them has been sent. */
  async closed(): Promise<void> {
    if (this.#open.size > 0) await new Promise<void>((resolve) => this.#closed.push(resolve))
  }

  #tell(): void {
    if (this.#open.size > 0) return
    for (const closed of this.#closed) closed()
    this.#closed = []
  }
}
