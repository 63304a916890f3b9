// The least that a client of the server needs: calls over connections that stay, and subscriptions over either HTTP.
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:http2'

export class ServerClient {
  #endpoint
  #agent
  /** Of all subscriptions over HTTP/2. */
  #session
  /** Of subscriptions over HTTP/1.1, each on a connection of its own. */
  #answers = []

  constructor(endpoint, connections) {
    this.#endpoint = endpoint
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** The answer to one call, parsed. Rejects if it is an error. */
  async call(operation, input) {
    const text = await this.send(operation, JSON.stringify(input))
    return text === '' ? undefined : JSON.parse(text)
  }

  /** `call` with a body that is text already; so is the answer. */
  async send(operation, body) {
    const response = await this.#post(operation, body, this.#agent)
    const parts = []
    for await (const part of response) parts.push(part)
    const text = Buffer.concat(parts).toString()
    if (response.statusCode !== 200) throw new Error(`${operation}: ${response.statusCode} ${text}`)
    return text
  }

  /** Opens a subscription that reads on until `close`, and lets go what comes. */
  async subscribe(input, http) {
    const body = JSON.stringify(input)
    const status = await (http === 2 ? this.#subscribe2(body) : this.#subscribe1(body))
    if (status !== 200) throw new Error(`SubscribeToShard: ${status}`)
  }

  close() {
    this.#session?.destroy()
    for (const answer of this.#answers) answer.destroy()
    this.#agent.destroy()
  }

  async #subscribe1(body) {
    const response = await this.#post('SubscribeToShard', body, false)
    response.on('error', () => undefined).resume()
    this.#answers.push(response)
    return response.statusCode
  }

  async #subscribe2(body) {
    this.#session ??= connect(this.#endpoint)
    const stream = this.#session.request({
      ':method': 'POST',
      ':path': '/',
      ...headersOf('SubscribeToShard'),
    })
    stream.end(body)
    const [head] = await once(stream.resume(), 'response')
    return head[':status']
  }

  async #post(operation, body, agent) {
    const headers = { ...headersOf(operation), 'content-length': Buffer.byteLength(body) }
    const sent = request(this.#endpoint, { method: 'POST', agent, headers })
    sent.end(body)
    const [response] = await once(sent, 'response')
    return response
  }
}

function headersOf(operation) {
  return {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `Kinesis_20131202.${operation}`,
    'x-amz-date': '20260101T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
  }
}
