import { connect } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { frameTypes } from './frame.ts'

/** A server that neither answers nor closes in this time hangs; milliseconds. */
const hangsMs = 15_000
/** How long a client that waits for something waits, if nothing comes; milliseconds. */
const waitsMs = 20

/** How bytes are sent. */
export interface ByteCase {
  readonly bytes: Buffer
  /** Where the second part begins, which goes out when the first one has. */
  readonly cut: number
  /** Whether the client ends only when something came. */
  readonly waits: boolean
}

/**
 * Sends bytes and ends: fulfils once the server has closed, or said goodbye as HTTP/2 has it, with how many bytes it sent.
 * Rejects if it hangs.
 */
export async function play(port: number, { bytes, cut, waits }: ByteCase): Promise<number> {
  const socket = connect({ port, host: '127.0.0.1' })
  const goodbye = new Goodbye()
  let received = 0
  const something = new Promise<void>((resolve) => {
    socket.on('data', (part: Buffer) => {
      received += part.length
      // A session that broke the rules is left open for a while.
      if (goodbye.take(part)) socket.destroy()
      resolve()
    })
    socket.on('close', () => resolve())
  })
  // A server may close while this is still being sent.
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const over = new AbortController()
  const late = after(hangsMs, 'late', { signal: over.signal }).catch(() => 'over')
  socket.write(bytes.subarray(0, cut), () => {
    socket.write(bytes.subarray(cut), () => {
      if (waits) void Promise.race([something, after(waitsMs)]).then(() => socket.end())
      else socket.end()
    })
  })
  const how = await Promise.race([closed.then(() => 'closed'), late])
  over.abort()
  socket.destroy()
  if (how === 'late') throw new Error('the server neither closed nor answered')
  return received
}

/** Watches the frames of a server for one that ends the session. */
class Goodbye {
  #left: Buffer = Buffer.alloc(0)

  /** Whether it came. What is no frame has a length and a type as well, and does no harm here. */
  take(part: Buffer): boolean {
    this.#left = Buffer.concat([this.#left, part])
    while (this.#left.length >= 9) {
      if (this.#left[3] === frameTypes.goAway) return true
      this.#left = this.#left.subarray(9 + this.#left.readUIntBE(0, 3))
    }
    return false
  }
}
