import { once } from 'node:events'
import type { ClientHttp2Session } from 'node:http2'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import type { Server } from '../../src/server/index.ts'
import { usualHeaders } from '../aws/raw.ts'

const headers: Readonly<Record<string, string>> = {
  ...usualHeaders,
  'x-amz-target': 'Kinesis_20131202.SubscribeToShard',
}

/** An answer that goes on. */
export interface EventSource {
  /** The bytes of the messages, whatever they came in. */
  readonly parts: AsyncIterable<Buffer>
  /** Whether the answer was brought to its end, after `parts` are over. */
  complete(): boolean
  pause(): void
  resume(): void
  /** Goes away without a word. */
  vanish(): void
  close(): void
}

/** The request for what comes to the only shard. */
export function subscription(ConsumerARN: string | undefined): string {
  return JSON.stringify({
    ConsumerARN,
    ShardId: 'shardId-000000000000',
    StartingPosition: { Type: 'LATEST' },
  })
}

/** Subscribes over a connection of HTTP/1.1 of its own. */
export async function subscribe1({ host, port }: Server, body: string): Promise<EventSource> {
  const socket = connect({ host, port })
  socket.on('error', () => undefined)
  const lines = Object.entries({ host: 'localhost', ...headers, 'content-length': Buffer.byteLength(body) })
  socket.write(
    `POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
  const chunks = new Chunks(socket)
  await chunks.head()
  return {
    parts: chunks.parts(),
    complete: () => chunks.complete,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    vanish: () => socket.resetAndDestroy(),
    close: () => socket.destroy(),
  }
}

/** Subscribes as one stream of a session. */
export async function subscribe2(
  session: ClientHttp2Session,
  body: string,
): Promise<EventSource & { reset(code: number): void }> {
  const stream = session.request({ ':path': '/', ':method': 'POST', ...headers })
  let held: (() => void) | undefined
  let gate: Promise<void> | undefined
  stream.on('error', () => undefined)
  stream.end(body)
  const [answered] = (await once(stream, 'response')) as [Record<string, number>]
  if (answered[':status'] !== 200) throw new Error(`answered ${answered[':status']}`)
  async function* parts(): AsyncGenerator<Buffer> {
    for await (const part of stream) {
      yield part as Buffer
      await gate
    }
  }
  return {
    parts: parts(),
    complete: () => stream.readableEnded && stream.rstCode === 0,
    pause() {
      gate = new Promise((resolve) => {
        held = resolve
      })
      stream.pause()
    },
    resume() {
      gate = undefined
      held?.()
      stream.resume()
    },
    vanish: () => stream.destroy(),
    reset: (code) => stream.close(code),
    close: () => stream.close(),
  }
}

/** What a chunked answer of HTTP/1.1 holds. */
class Chunks {
  complete = false
  readonly #source: AsyncIterator<Buffer>
  #left: Buffer = Buffer.alloc(0)

  constructor(source: Readable) {
    this.#source = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  }

  async head(): Promise<void> {
    let end = this.#left.indexOf('\r\n\r\n')
    while (end < 0) {
      if (!(await this.#more())) throw new Error('there is no answer')
      end = this.#left.indexOf('\r\n\r\n')
    }
    const head = this.#left.subarray(0, end).toString('latin1')
    if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(head)
    this.#left = this.#left.subarray(end + 4)
  }

  async *parts(): AsyncGenerator<Buffer> {
    for (;;) {
      let end = this.#left.indexOf('\r\n')
      while (end < 0) {
        if (!(await this.#more())) return
        end = this.#left.indexOf('\r\n')
      }
      const length = Number.parseInt(this.#left.subarray(0, end).toString('latin1'), 16)
      const whole = end + 2 + length + 2
      const pieces = [this.#left]
      let bytes = this.#left.length
      while (bytes < whole) {
        const piece = await this.#next()
        if (piece === undefined) return
        pieces.push(piece)
        bytes += piece.length
      }
      const all = pieces.length === 1 ? this.#left : Buffer.concat(pieces)
      this.#left = all.subarray(whole)
      if (length === 0) {
        this.complete = true
        return
      }
      yield all.subarray(end + 2, end + 2 + length)
    }
  }

  async #more(): Promise<boolean> {
    const piece = await this.#next()
    if (piece !== undefined) this.#left = Buffer.concat([this.#left, piece])
    return piece !== undefined
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const { value, done } = await this.#source.next()
      return done ? undefined : (value as Buffer)
    } catch {
      return undefined
    }
  }
}

/** Reads messages of an event stream, as far as these tests need them. */
export class EventReader {
  readonly #source: EventSource
  readonly #parts: AsyncIterator<Buffer>
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(source: EventSource) {
    this.#source = source
    this.#parts = source.parts[Symbol.asyncIterator]()
  }

  async initialResponse(): Promise<void> {
    const message = await this.#message()
    if (!message?.includes('initial-response')) throw new Error('there is no initial response')
  }

  /** The data of so many records, in order. */
  async records(count: number): Promise<string[]> {
    const found: string[] = []
    await this.#until(count, (records) => {
      found.push(...records.map(({ Data }) => Buffer.from(Data, 'base64').toString()))
    })
    return found
  }

  /** Reads so many records: how many came. */
  count(count: number): Promise<number> {
    return this.#until(count, () => undefined)
  }

  /** Reads to the end: whether that is where the answer ended, or where it was cut off. */
  async end(): Promise<'complete' | 'cut off'> {
    while ((await this.#message()) !== undefined);
    return this.#source.complete() && this.#bytes === 0 ? 'complete' : 'cut off'
  }

  async #until(
    count: number,
    take: (records: readonly { readonly Data: string }[]) => void,
  ): Promise<number> {
    let came = 0
    while (came < count) {
      const message = await this.#message()
      if (message === undefined) throw new Error(`it ended after ${came} records`)
      if (message.includes('initial-response')) continue
      const payload = message.subarray(12 + message.readUInt32BE(4), message.length - 4)
      const { Records } = JSON.parse(payload.toString()) as {
        readonly Records: readonly { readonly Data: string }[]
      }
      take(Records)
      came += Records.length
    }
    return came
  }

  async #message(): Promise<Buffer | undefined> {
    while (this.#bytes < 4 || this.#bytes < this.#peek()) {
      const { value, done } = await this.#parts.next()
      if (done) return undefined
      this.#pieces.push(value as Buffer)
      this.#bytes += (value as Buffer).length
    }
    const all = Buffer.concat(this.#pieces)
    const length = all.readUInt32BE(0)
    this.#pieces = [all.subarray(length)]
    this.#bytes = all.length - length
    return all.subarray(0, length)
  }

  #peek(): number {
    const [first = Buffer.alloc(0)] = this.#pieces
    if (first.length < 4) this.#pieces = [Buffer.concat(this.#pieces)]
    return (this.#pieces[0] as Buffer).readUInt32BE(0)
  }
}
