/** What a server answers to a call of JSON. */
export interface RawAnswer {
  readonly status: number
  /** Of the error; `undefined` where it is none. */
  readonly type: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** Who a call says that it comes from, and what it is for. */
export interface RawScope {
  readonly service: 'firehose' | 'kinesis'
  readonly account: string
}

const prefixes = { firehose: 'Firehose_20150804', kinesis: 'Kinesis_20131202' }

/** Sends a body as it is, with headers that no client would get wrong and a signature that is none. */
export async function callRaw(
  endpoint: string,
  { service, account }: RawScope,
  operation: string,
  body: string,
): Promise<RawAnswer> {
  const scope = `${account}/20260101/us-east-1/${service}/aws4_request`
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `${prefixes[service]}.${operation}`,
      'x-amz-date': '20260101T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date, Signature=00`,
    },
    body,
  })
  const text = await response.text()
  const answer = (text === '' ? {} : JSON.parse(text)) as RawAnswer['body']
  const { __type: type } = answer
  return { status: response.status, type: typeof type === 'string' ? type : undefined, body: answer }
}
