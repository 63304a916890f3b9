import { BodyParts } from './body-parts.ts'

/** Where a body comes from, part by part, once it is told to: what `readBody` needs of a stream. */
export interface BodySource {
  on(event: 'data', listener: (part: Buffer) => void): this
  on(event: 'end' | 'close', listener: () => void): this
  on(event: 'error', listener: (error: Error) => void): this
  off(event: 'data', listener: (part: Buffer) => void): this
  off(event: 'end' | 'close', listener: () => void): this
  off(event: 'error', listener: (error: Error) => void): this
  pause(): unknown
  resume(): unknown
}

/** A body that is not read to its end: the request is answered with this status. */
export abstract class BodyRefused extends Error {
  abstract readonly status: number
}

/** A body that is longer than allowed, or than it said. */
export class BodyTooLarge extends BodyRefused {
  override readonly name = 'BodyTooLarge'
  readonly status = 413
}

/** A body that others have to make room for, or that has to make room for others. Clients of AWS try again. */
export class NoRoomForBody extends BodyRefused {
  override readonly name = 'NoRoomForBody'
  readonly status = 503
}

/** Where a body's memory comes from. */
export interface MemorySource {
  /** Makes sure of memory for so many bytes in all; `undefined`: it is there. */
  grow(bytes: number): Promise<void> | undefined
  /** Memory for a body of that length, or more, that is put together from parts. */
  buffer(bytes: number): Uint8Array
  /** Something has come and more is to come; `refuse` ends that. Called once, if at all. */
  arriving(refuse: (why: BodyRefused) => void): void
}

/**
 * Reads a body whole.
 *
 * Rejects with `BodyTooLarge`, without reading on, with whatever refuses it, and with the error of a source that ends early.
 *
 * @param declared what `content-length` says, bytes; `undefined` if nothing
 * @param memory is asked for what has come, before more is read; without it there is enough
 */
export function readBody(
  source: BodySource,
  declared: number | undefined,
  max: number,
  memory?: MemorySource,
): Promise<Uint8Array> {
  const most = declared ?? max
  if (most > max) return Promise.reject(new BodyTooLarge())
  return new Promise((resolve, reject) => {
    const body = new BodyParts()
    const onData = (part: Buffer): void => {
      const first = body.length === 0
      body.add(part)
      if (body.length > most) {
        fail(new BodyTooLarge())
        return
      }
      const waiting = memory?.grow(body.length)
      if (first && body.length !== declared) memory?.arriving(fail)
      if (waiting === undefined) return
      source.pause()
      waiting.then(() => source.resume(), fail)
    }
    const onEnd = (): void => {
      release()
      resolve(body.bytes((bytes) => memory?.buffer(bytes) ?? Buffer.allocUnsafe(bytes)))
    }
    const onClose = (): void => fail(new Error('the connection ended before the request did'))
    const fail = (error: Error): void => {
      release()
      source.pause()
      reject(error)
    }
    const release = (): void => {
      source.off('data', onData).off('end', onEnd).off('close', onClose).off('error', fail)
    }
    source.on('data', onData).on('end', onEnd).on('close', onClose).on('error', fail).resume()
  })
}
