import { once } from 'node:events'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from 'node:http2'

/** What came back for one request of HTTP/2. */
export interface Http2Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Opens a session. */
export async function openSession(endpoint: string): Promise<ClientHttp2Session> {
  const session = connect(endpoint)
  // Whoever waits for an answer is told by its stream.
  session.on('error', () => undefined)
  await once(session, 'connect')
  return session
}

/** Sends one request and takes its whole answer. Rejects if the stream ends without one. */
export async function call2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: Uint8Array | string = '',
): Promise<Http2Answer> {
  const answer = await begin2(session, headers, body)
  const parts: Buffer[] = []
  for await (const part of answer.stream) parts.push(part as Buffer)
  return { status: answer.status, headers: answer.headers, body: Buffer.concat(parts) }
}

/** Sends one request and takes what its answer begins with. */
export async function begin2(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body: Uint8Array | string = '',
): Promise<Omit<Http2Answer, 'body'> & { readonly stream: ClientHttp2Stream }> {
  const stream = session.request({ ':path': '/', ...headers }, { endStream: false })
  stream.end(body)
  const answered = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
    stream.once('response', resolve)
    stream.once('error', reject)
    stream.once('close', () => reject(new Error(`the stream was closed: ${stream.rstCode}`)))
  })
  const { ':status': status, ...rest } = answered
  return { status: Number(status), headers: rest as Record<string, string>, stream }
}
