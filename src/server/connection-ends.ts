import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Tells the responses of a connection that it has closed. Node tells the one that it writes, and none of those that wait
 * behind it for requests that came without waiting.
 */
export class ConnectionEnds {
  readonly #open: WeakMap<Socket, Set<ServerResponse>> = new WeakMap()

  /** Calls `ended` once when this response is closed, whatever becomes of its connection. */
  watch(socket: Socket, response: ServerResponse, ended: () => void): void {
    const responses = this.#responsesOf(socket)
    responses.add(response)
    response.once('close', () => {
      responses.delete(response)
      ended()
    })
  }

  #responsesOf(socket: Socket): Set<ServerResponse> {
    const known = this.#open.get(socket)
    if (known !== undefined) return known
    const responses = new Set<ServerResponse>()
    this.#open.set(socket, responses)
    socket.once('close', () => {
      for (const response of responses) {
        // It never had the connection: nobody else will say it.
        if (response.socket !== null) continue
        response.destroy()
        response.emit('close')
      }
    })
    return responses
  }
}
