import { Agent as PlainAgent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import type { Clock } from '../../clock.ts'
import { invalidArgument } from '../../errors.ts'
import { minuteMs, secondMs } from '../../units.ts'
import { accessKeyBytesMax, accessKeyHeader } from '../access-key.ts'
import type { HttpDestination } from '../configuration.ts'
import { DeliveryError, type RecordDestination, type RecordParcel, type Refusal } from '../destination.ts'
import { Deadline } from './deadline.ts'
import { requireTaken } from './http-answer.ts'
import { bodyRecordsMax, compressed, httpBody, recordBytesMax } from './http-body.ts'
import { exchange } from './http-exchange.ts'

/** How long an endpoint may take to answer (Firehose developer guide, "HTTP endpoint delivery request"). Milliseconds. */
const answerMs: number = 3 * minuteMs

/** What an HTTP endpoint needs. */
export interface HttpHost {
  readonly to: HttpDestination
  /** `arn:aws:firehose:<region>:<account>:deliverystream/<name>`; endpoints are told. */
  readonly deliveryStreamArn: string
  readonly clock: Clock
}

/**
 * Records for an HTTP endpoint, by AWS's contract (Firehose developer guide, "HTTP endpoint delivery request and response
 * specifications"): a `POST` with JSON, all records or none are taken. Connections are kept.
 *
 * Codes: `HttpEndpoint.DestinationException` for every status but 200 (413 is for good), `.InvalidResponseFromDestination`,
 * `.ResponseTooLarge` (1 MiB), `.ResponseReasonPhraseExceededLimit`, `.RequestTimeout` (3 minutes), `.ConnectionFailed`,
 * `.ConnectionReset`, `.SSLHandshakeFailure`; and `.RequestTooLarge`, for good, for what no buffer makes.
 */
export class HttpReceiver implements RecordDestination {
  readonly takes = 'records'
  readonly recordsMax: number = bodyRecordsMax
  readonly bytesMax: number = recordBytesMax
  readonly #host: HttpHost
  readonly #url: URL
  readonly #agent: PlainAgent
  /** Those of every request. */
  readonly #headers: Readonly<Record<string, string>>

  /** @throws `ERR_MILLRACE_INVALID_ARGUMENT` for an address or an access key that no request can have */
  constructor(host: HttpHost) {
    this.#host = host
    this.#url = requireUrl(host.to.url)
    const Agent = this.#url.protocol === 'https:' ? TlsAgent : PlainAgent
    this.#agent = new Agent({ keepAlive: true })
    this.#headers = headersOf(host)
  }

  async deliver(parcel: RecordParcel, signal: AbortSignal): Promise<readonly Refusal[]> {
    signal.throwIfAborted()
    const { clock, to } = this.#host
    const { id, records } = parcel
    const body = await httpBody({ id, timestampMs: clock.nowMs(), records })
    const sent = to.contentEncoding === 'GZIP' ? await compressed(body) : body
    signal.throwIfAborted()
    const deadline = new Deadline(clock, answerMs, signal)
    try {
      const headers = { ...this.#headers, 'X-Amz-Firehose-Request-Id': id }
      const call = { url: this.#url, agent: this.#agent, headers, body: sent, signal: deadline.signal }
      requireTaken(await exchange(call), id)
      return []
    } catch (error) {
      signal.throwIfAborted()
      if (!deadline.expired) throw error
      throw new DeliveryError('HttpEndpoint.RequestTimeout', `no answer in ${answerMs / secondMs} s`, {
        again: true,
        cause: error,
      })
    } finally {
      deadline.release()
    }
  }

  /** Closes the connections that are kept. */
  async close(): Promise<void> {
    this.#agent.destroy()
  }
}

function requireUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed
  throw invalidArgument('url', url, 'an http or https URL')
}

function headersOf({ to, deliveryStreamArn }: HttpHost): Readonly<Record<string, string>> {
  const { accessKey, commonAttributes, contentEncoding } = to
  const attributes = Object.fromEntries(commonAttributes.map(({ name, value }) => [name, value]))
  return {
    'Content-Type': 'application/json',
    'User-Agent': 'Amazon Kinesis Data Firehose Agent/1.0',
    'X-Amz-Firehose-Protocol-Version': '1.0',
    'X-Amz-Firehose-Source-Arn': deliveryStreamArn,
    ...(contentEncoding === 'GZIP' && { 'Content-Encoding': 'gzip' }),
    ...(accessKey !== undefined && { 'X-Amz-Firehose-Access-Key': requireAccessKey(accessKey) }),
    ...(commonAttributes.length > 0 && {
      'X-Amz-Firehose-Common-Attributes': asciiJson({ commonAttributes: attributes }),
    }),
  }
}

function requireAccessKey(accessKey: string): string {
  const header = accessKeyHeader(accessKey)
  if (header !== undefined) return header
  // A secret: it is not shown.
  throw invalidArgument('accessKey', '...', `at most ${accessKeyBytesMax} bytes, without control characters`)
}

/** JSON that every header takes. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
