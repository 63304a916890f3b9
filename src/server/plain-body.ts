import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

/** A request's body as its parts come by the socket: what `readBody` needs of a stream, and nothing more. */
export class PlainBody extends EventEmitter {
  readonly #socket: Socket
  #waiting: Buffer[] = []
  #left: number
  #flows = false

  /** @param bytes how long it is */
  constructor(socket: Socket, bytes: number) {
    super()
    this.#socket = socket
    this.#left = bytes
  }

  /** Bytes that have not come yet. */
  get left(): number {
    return this.#left
  }

  /** The next bytes of the connection, of which those that are not the body's are answered. */
  push(part: Buffer): Buffer | undefined {
    const own = part.length <= this.#left ? part : part.subarray(0, this.#left)
    this.#left -= own.length
    this.#waiting.push(own)
    this.#flow()
    return own === part ? undefined : part.subarray(own.length)
  }

  /** Hands on what has come, and asks for more. */
  resume(): this {
    this.#flows = true
    if (this.#left > 0) this.#socket.resume()
    this.#flow()
    return this
  }

  pause(): this {
    this.#flows = false
    this.#socket.pause()
    return this
  }

  #flow(): void {
    while (this.#flows) {
      const part = this.#waiting.shift()
      if (part === undefined) break
      this.emit('data', part)
    }
    if (this.#flows && this.#left === 0 && this.#waiting.length === 0) {
      this.#flows = false
      this.emit('end')
    }
  }
}
