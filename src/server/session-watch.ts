import type { ServerHttp2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import type { Clock } from '../clock.ts'
import type { HttpLimits } from './http-limits.ts'

/**
 * Ends a session that nobody uses, and one that does not answer: when a client breaks the rules of frames or
 * compression, Node says so to it and neither reads on nor closes, and it does not see either that the client has gone.
 *
 * Asked is only who has been silent for `headersMs`; answering has to take less.
 */
export function watchSession(
  session: ServerHttp2Session,
  { headersMs, idleMs }: HttpLimits,
  clock: Clock,
): void {
  let silentMs = 0
  let cancelDeaf: (() => void) | undefined
  session.on('stream', () => {
    silentMs = 0
  })
  session.on('timeout', () => {
    silentMs += headersMs
    if (silentMs >= idleMs) session.close()
    if (session.destroyed || cancelDeaf !== undefined) return
    cancelDeaf = clock.after(headersMs, () => session.destroy())
    session.ping((error: Error | null) => {
      if (error !== null) return
      cancelDeaf?.()
      cancelDeaf = undefined
      session.setTimeout(headersMs)
    })
  })
  session.once('close', () => cancelDeaf?.())
  session.setTimeout(headersMs)
}

/**
 * Has a session end between frames. Node ends one at once, also in the middle of what it reads: if a malformed frame comes
 * next, an assertion of its nghttp2 ends the process (seen in Node 20.20: GOAWAY, HEADERS, PRIORITY of one byte).
 */
export function endBetweenFrames(session: ServerHttp2Session): void {
  const destroy = session.destroy.bind(session)
  session.destroy = (error, code) => {
    setImmediate(() => destroy(error, code))
  }
}

/** A connection waits for its client to end it, too, once its session is over: not for ever. */
export function endSoon(socket: Duplex, { headersMs }: HttpLimits, clock: Clock): void {
  if (socket.destroyed) return
  socket.once(
    'close',
    clock.after(headersMs, () => socket.destroy()),
  )
}
