import fc from 'fast-check'
import { vi } from 'vitest'
import { kinesisWords, type WildRequest, wildRequests, type WildService } from '../../aws/requests.ts'
import { usualHeaders } from '../../aws/raw.ts'
import { Connection } from '../connection.ts'
import { call2, openSession } from '../http2-call.ts'
import { chanceOf } from './chance.ts'
import { http1Bytes } from './http1-bytes.ts'
import { http2Bytes } from './http2-bytes.ts'
import { mutated } from './mutation.ts'
import { type ByteCase, play } from './play.ts'
import type { Served } from './served.ts'
import { WildClient } from './wild.ts'

/** One thing to send. */
export type Case =
  | ({ readonly kind: 'http1' | 'http2' } & ByteCase)
  | { readonly kind: 'wild'; readonly request: WildRequest; readonly version: '1.1' | '2' }

/** How many things a block sends, and how many at once. */
export const blockCases = 1_000
const lanes = 24
/** So often each wild request is sent, each time otherwise. */
const changesOfEach = 12
/** Bytes of each HTTP in a hundred cases; the rest are whole requests with wild documents. */
const share = { http1: 15, http2: 15, wild: 70 }

/** The cases of one block: the same for the same seed. */
export function casesOf(seed: number, count: number, served: Served): Case[] {
  const random = chanceOf(seed)
  // Making documents takes longer than answering them: most requests are others with bytes changed.
  const made = fc.sample(wildRequests(wordsOf(served)), { numRuns: Math.ceil(count / changesOfEach), seed })
  return Array.from({ length: count }, (_, at): Case => {
    const kind = random.weighted(share)
    if (kind === 'wild') {
      const one = made[at % made.length] as WildRequest
      const request = random.once(2) ? one : { ...one, body: mutated(Buffer.from(one.body), random) }
      return { kind, request, version: random.once(2) ? '2' : '1.1' }
    }
    const bytes = kind === 'http1' ? http1Bytes(random) : http2Bytes(random)
    const cut = random.once(2) ? bytes.length : random.between(0, bytes.length)
    return { kind, bytes, cut, waits: random.once(2) }
  })
}

function wordsOf({ begun: { streamArn, consumerArn, sequenceNumber } }: Served): WildService {
  const shardId = 'shardId-000000000000'
  const streamName = 'fuzzed'
  return kinesisWords({ streamName, streamArn, consumerArn, shardId, shardIterator: '', sequenceNumber })
}

/** What came of a block. */
export interface Tally {
  /** Answers to whole requests by their status, and connections of bytes that were answered and not. */
  readonly seen: Map<string, number>
}

/** Sends all cases, several at once. Rejects with what the server did wrong. */
export async function send(
  cases: readonly Case[],
  { begun: { port } }: Served,
  { seen }: Tally,
): Promise<void> {
  const queue = cases.values()
  const lane = async (): Promise<void> => {
    const client = new WildClient(port)
    try {
      for (const one of queue) {
        const what = one.kind === 'wild' ? await client.send(one.request, one.version) : await play(port, one)
        const result =
          one.kind === 'wild' ? `status ${what}` : `${one.kind} ${what > 0 ? 'answered' : 'closed'}`
        seen.set(result, (seen.get(result) ?? 0) + 1)
      }
    } finally {
      client.close()
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, cases.length) }, lane))
}

/** The next good request over each protocol works. */
export async function requireWell(served: Served): Promise<void> {
  const { port } = served.begun
  const body = JSON.stringify({ Limit: 1 })
  const headers = { ...usualHeaders, 'x-amz-target': 'Kinesis_20131202.ListStreams' }
  const connection = await Connection.open({ host: '127.0.0.1', port })
  const lines = Object.entries({ host: 'x', ...headers, 'content-length': body.length })
  connection.write(
    `POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  )
  const session = await openSession(`http://127.0.0.1:${port}`)
  for (const { status } of [
    await connection.answer(),
    await call2(session, { ...headers, ':method': 'POST' }, body),
  ]) {
    if (status !== 200) throw new Error(`a good request is answered with ${status}`)
  }
  connection.close()
  session.destroy()
  await served.clear()
}

/** Waits until nothing is open: a session whose client broke the rules is for twice ten seconds. Rejects if it stays. */
export async function requireEmpty(served: Served): Promise<void> {
  await vi.waitFor(
    async () => {
      const { connections, sessions, requests } = await served.load()
      if (connections + sessions + requests > 0)
        throw new Error(`left: ${connections} connections, ${sessions} sessions, ${requests} requests`)
    },
    { timeout: 40_000, interval: 100 },
  )
}

/** The case as whoever reads about it needs it. */
export function shown(one: Case): string {
  if (one.kind !== 'wild')
    return `${one.kind}, cut ${one.cut}, waits ${one.waits}: ${JSON.stringify(one.bytes.toString('latin1'))}`
  const body =
    typeof one.request.body === 'string' ? one.request.body : Buffer.from(one.request.body).toString('hex')
  return `HTTP/${one.version}: ${JSON.stringify({ ...one.request, body })}`
}
