import type { Writable } from 'node:stream'
import type { HttpAnswer } from './http-exchange.ts'
import { KiB } from '../units.ts'

/** Of a long answer as much is written at once: what is taken shows when the next one is asked for. Bytes. */
const stepBytes: number = 256 * KiB

/** Writes a whole answer, a step at a time, and ends. Tells of each step that was taken, bytes. */
export function writeWhole(body: Uint8Array, to: Writable, taken: (bytes: number) => void): void {
  const step = (from: number): void => {
    if (to.destroyed) return
    const part = body.subarray(from, from + stepBytes)
    const end = from + part.length
    if (end === body.length) {
      to.end(part, () => taken(part.length))
      return
    }
    to.write(part, (error) => {
      taken(part.length)
      if (error === undefined || error === null) step(end)
    })
  }
  step(0)
}

/** An answer's parts that nobody will ask for: whatever makes them is told. */
export function leaveUnread(body: HttpAnswer['body']): void {
  if (typeof body === 'string' || body instanceof Uint8Array) return
  Promise.resolve(body[Symbol.asyncIterator]().return?.()).catch(() => undefined)
}

/**
 * Writes the parts of an answer as fast as they are taken: the next one is asked for when the last one was. Fulfils
 * when all were written, or nobody takes them any more.
 */
export async function writeParts(parts: AsyncIterable<Uint8Array>, to: Writable): Promise<void> {
  for await (const part of parts) {
    if (to.destroyed || to.writableEnded) return
    if (!to.write(part)) await drained(to)
    if (to.destroyed) return
  }
  to.end()
}

/** Fulfils when what was written has been taken, or nobody takes it any more. */
export function drained(to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      to.off('drain', done).off('close', done)
      resolve()
    }
    to.on('drain', done).on('close', done)
  })
}
