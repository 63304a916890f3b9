import type { ClientHttp2Session } from 'node:http2'
import { decodeCbor } from '../../../src/aws/wire/cbor.ts'
import type { WildRequest } from '../../aws/requests.ts'
import { Connection, type Http1Answer } from '../connection.ts'
import { begin2, openSession } from '../http2-call.ts'

interface Address {
  readonly host: string
  readonly port: number
}

const statuses = new Set([200, 400, 403, 404, 413, 500])
/** What no client library lets through, as it ends a line or a name. */
const impossible = /[^\x20-\x7e\x80-\xff]/g
const token = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
/** Headers of the connection and not of the request. */
const framing = new Set([
  'connection',
  'transfer-encoding',
  'content-length',
  'expect',
  'upgrade',
  'host',
  'te',
  'keep-alive',
  'http2-settings',
  'proxy-connection',
])

/** Sends documents of every degree of wrongness in requests that are whole, over a connection as long as it lasts. */
export class WildClient {
  readonly #address: Address
  #connection: Connection | undefined
  #session: ClientHttp2Session | undefined

  constructor(port: number) {
    this.#address = { host: '127.0.0.1', port }
  }

  /** Rejects if the answer is none. */
  async send(request: WildRequest, version: '1.1' | '2'): Promise<number> {
    const answer = version === '2' ? await this.#overHttp2(request) : await this.#overHttp1(request)
    if (answer === undefined) return 200
    const { status, headers, body } = answer
    if (!statuses.has(status)) throw new Error(`the status is ${status}`)
    requireDocument(request, status, headers['content-type'] ?? '', body)
    return status
  }

  close(): void {
    this.#connection?.close()
    this.#session?.destroy()
  }

  async #overHttp1({ method, headers, body }: WildRequest): Promise<Http1Answer | undefined> {
    const connection = (this.#connection ??= await Connection.open(this.#address))
    const bytes = Buffer.from(body)
    const lines = [...clean(headers), ['host', 'x'], ['content-length', bytes.length]]
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    connection.write(
      Buffer.concat([Buffer.from(`${method || 'POST'} / HTTP/1.1\r\n${head}\r\n`, 'latin1'), bytes]),
    )
    const found = await connection.head()
    const streams = found.headers['transfer-encoding'] === 'chunked'
    const answer = streams ? undefined : { ...found, body: await connection.body(found.headers) }
    if (streams || found.headers['connection'] === 'close') {
      connection.close()
      this.#connection = undefined
    }
    return answer
  }

  async #overHttp2({ method, headers, body }: WildRequest): Promise<Http1Answer | undefined> {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = await openSession(`http://127.0.0.1:${this.#address.port}`)
    }
    const all = { ...Object.fromEntries(clean(headers)), ':method': method || 'POST' }
    const { status, headers: answered, stream } = await begin2(this.#session, all, body)
    if (answered['content-type'] === 'application/vnd.amazon.eventstream') {
      stream.close()
      return undefined
    }
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part as Buffer)
    return { status, headers: answered, body: Buffer.concat(parts) }
  }
}

function clean(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers)
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.replace(impossible, '').trim()])
    .filter(([name]) => token.test(name) && !framing.has(name))
}

/** A fault names itself; what fails of its own is a stream of events in CBOR, which AWS has not either. */
function requireDocument(request: WildRequest, status: number, type: string, body: Buffer): void {
  if (status === 200 || type === '' || type === 'application/json') return
  const document = (type.includes('cbor') ? decodeCbor(body) : JSON.parse(body.toString())) as Readonly<
    Record<string, unknown>
  >
  if (typeof document['__type'] !== 'string') throw new Error(`no fault: ${body.toString()}`)
  const mayFail =
    request.headers['x-amz-target']?.trim().endsWith('.SubscribeToShard') && type.includes('cbor')
  if (status === 500 && !mayFail) throw new Error(`failed: ${body.toString()}`)
}
