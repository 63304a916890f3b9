import type { HttpAnswer } from './http-exchange.ts'

/** One event of a stream of server-sent events: its name, and its data as one line of JSON. */
export function serverSentEvent(name: string, data: unknown): Uint8Array {
  return Buffer.from(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}

/** A comment, which clients pass over: it keeps a connection from looking idle. */
export const heartbeat: Uint8Array = Buffer.from(': still here\n\n')

/** Events as an answer. Each is asked for when the one before was taken, however late that is. */
export function eventStream(events: AsyncIterable<Uint8Array>, headers: HttpAnswer['headers']): HttpAnswer {
  return {
    status: 200,
    headers: { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
    body: events,
    mayRest: true,
  }
}
