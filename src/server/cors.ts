import type { HttpAnswer, HttpRequest } from './http-exchange.ts'

/** What a page may read of an answer (AWS, as seen by kinesalite's tests against it). */
const exposed = 'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date'

/** Answers a browser that asks whether a page may call: whatever it asks for, for two days, as AWS does. */
export function preflight({ headers }: HttpRequest): HttpAnswer {
  const asked = headers['access-control-request-headers']
  const method = headers['access-control-request-method']
  return withCors({
    status: 200,
    headers: {
      ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
      ...(method === undefined ? {} : { 'access-control-allow-methods': method }),
      'access-control-max-age': '172800',
    },
    body: '',
  })
}

/** An answer that a page of any origin may read: what protects is the signature. */
export function withCors(answer: HttpAnswer): HttpAnswer {
  const headers = {
    ...answer.headers,
    'access-control-allow-origin': '*',
    'access-control-expose-headers': exposed,
  }
  return { ...answer, headers }
}
