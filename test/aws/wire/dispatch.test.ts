import { describe, expect, it } from 'vitest'
import { CborWriter } from '../../../src/aws/wire/cbor-writer.ts'
import { callRaw, sendRaw, usualHeaders } from '../raw.ts'
import { openRig } from '../rig.ts'

const target = 'Kinesis_20131202.ListStreams'
const headers = { ...usualHeaders, 'x-amz-target': target }
const without = (name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name))

function cbor(write: (writer: CborWriter) => void): Uint8Array {
  const writer = new CborWriter()
  write(writer)
  return writer.finish()
}

describe('[K] requests: are judged in the order of the service', () => {
  it('begins with the size of its body', async () => {
    const { handler } = await openRig()
    const body = ' '.repeat(21 * 1024 * 1024)
    expect(await sendRaw(handler, { method: 'GET', body })).toMatchObject({ status: 413, text: '' })
  })

  it('goes on with the method', async () => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, { method: 'GET', headers, body: '' })
    expect(answer.status).toBe(403)
    expect(answer.text).toContain(
      '<Message>Unable to determine service/operation name to be authorized</Message>',
    )
  })

  it('refuses an empty body in CBOR, unless the type says JSON', async () => {
    const { handler } = await openRig()
    const empty = await sendRaw(handler, { headers: without('content-type'), body: '' })
    expect(empty).toMatchObject({ status: 400, body: { __type: 'SerializationException' } })
    expect(empty.headers['content-type']).toBe('application/x-amz-cbor-1.1')
    const json = await sendRaw(handler, { headers: { ...headers, 'x-amz-target': 'Other.X' }, body: '' })
    expect(json).toMatchObject({ status: 400, body: { __type: 'UnknownOperationException' } })
    expect(json.headers['content-type']).toBe('application/x-amz-json-1.1')
  })

  it('refuses a content type that it does not know', async () => {
    const { handler } = await openRig()
    const named = { ...headers, 'content-type': 'text/plain' }
    expect(await sendRaw(handler, { headers: named, body: '{}' })).toMatchObject({
      status: 404,
      text: '<UnknownOperationException/>\n',
    })
    const { 'x-amz-target': _target, ...unnamed } = named
    expect(await sendRaw(handler, { headers: unnamed, body: '{}' })).toMatchObject({ status: 403 })
  })

  it('refuses a body that cannot be parsed before it asks who calls', async () => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, { headers: without('authorization'), body: '{' })
    expect(answer).toMatchObject({ status: 400, body: { __type: 'SerializationException' } })
  })

  it('answers plain JSON in the old style', async () => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, {
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{}',
    })
    expect(answer.status).toBe(404)
    expect(answer.body).toMatchObject({
      Output: { __type: 'com.amazon.coral.service#UnknownOperationException' },
      Version: '1.0',
    })
  })

  it.each([
    'Kinesis_20131202.Nothing',
    'Firehose_20150804.ListStreams',
    'ListStreams',
    '',
    'Kinesis_20131202.toString',
  ])('refuses the operation %j by name, before it asks who calls', async (wrong) => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, {
      headers: { ...without('authorization'), 'x-amz-target': wrong },
      body: '{}',
    })
    expect(answer).toMatchObject({ status: 400, body: { __type: 'UnknownOperationException' } })
    expect(answer.text).toContain(wrong)
  })

  it.each([
    [undefined, 'MissingAuthenticationTokenException', 'Missing Authentication Token'],
    [
      'AWS4-HMAC-SHA256 SignedHeaders=a, Signature=b',
      'IncompleteSignatureException',
      "requires 'Credential' parameter.",
    ],
    ['AWS4-HMAC-SHA256 Credential=a/b/c', 'IncompleteSignatureException', "requires 'Signature' parameter."],
    ['Basic x', 'IncompleteSignatureException', 'Authorization=Basic x'],
  ])('asks who calls before it looks at the members: %s', async (authorization, type, text) => {
    const { handler } = await openRig()
    const given = authorization === undefined ? without('authorization') : { ...headers, authorization }
    const answer = await sendRaw(handler, { headers: given, body: '{"Limit":true}' })
    expect(answer).toMatchObject({ status: 400, body: { __type: type } })
    expect(answer.body?.['message']).toContain(text)
  })

  it('refuses both ways to sign at once', async () => {
    const { handler } = await openRig()
    const answer = await sendRaw(handler, {
      headers,
      body: '{}',
      query: { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA256' },
    })
    expect(answer.body?.['__type']).toBe('InvalidSignatureException')
  })

  it('refuses wrong types before wrong values', async () => {
    const { handler } = await openRig()
    const answer = await callRaw(handler, 'CreateStream', { StreamName: '', ShardCount: true })
    expect(answer).toMatchObject({
      status: 400,
      body: {
        __type: 'SerializationException',
        Message: 'class java.lang.Boolean can not be converted to an Integer',
      },
    })
  })

  it('lists every wrong value, and only then looks for the stream', async () => {
    const { handler } = await openRig()
    const answer = await callRaw(handler, 'PutRecord', {
      StreamName: 'no/such',
      Data: 'YQ==',
      PartitionKey: '',
    })
    expect(answer.body).toEqual({
      __type: 'ValidationException',
      message:
        "2 validation errors detected: Value 'no/such' at 'streamName' failed to satisfy constraint: " +
        'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; ' +
        "Value '' at 'partitionKey' failed to satisfy constraint: " +
        'Member must have length greater than or equal to 1',
    })
  })

  it('lists ten at most', async () => {
    const { handler } = await openRig()
    const answer = await callRaw(handler, 'PutRecords', {
      StreamName: 's',
      Records: Array.from({ length: 20 }, () => ({ Data: 'YQ==', PartitionKey: '' })),
    })
    expect(answer.body?.['message']).toMatch(/^10 validation errors detected: /)
    expect(answer.body?.['message']).toContain("at 'records.10.member.partitionKey'")
    expect(answer.body?.['message']).not.toContain("at 'records.11.member.partitionKey'")
  })

  it('refuses a member that the model does not have, by name', async () => {
    const { handler } = await openRig()
    const answer = await callRaw(handler, 'ListStreams', { Limti: 1 })
    expect(answer).toMatchObject({ status: 400, body: { __type: 'ValidationException' } })
    expect(answer.body?.['message']).toContain("'Limti'")
  })
})

describe('an answer', () => {
  it('[K] answers: have the ids of a request, and the length of their body', async () => {
    const { handler } = await openRig()
    const answer = await callRaw(handler, 'CreateStream', { StreamName: 's', ShardCount: 1 })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect(answer.headers['content-length']).toBe('0')
    expect(answer.headers['x-amzn-requestid']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(Buffer.from(answer.headers['x-amz-id-2'] ?? '', 'base64')).toHaveLength(72)
  })

  it('[K] answers: come in CBOR to a request in CBOR, with parameters of its type or without', async () => {
    const { handler } = await openRig()
    const body = cbor((writer) => {
      writer.map(1)
      writer.text('StreamName')
      writer.text('absent')
    })
    for (const type of ['application/x-amz-cbor-1.1', 'application/x-amz-cbor-1.1; charset=utf-8 ']) {
      const answer = await sendRaw(handler, {
        headers: { ...headers, 'x-amz-target': 'Kinesis_20131202.DeleteStream', 'content-type': type },
        body,
      })
      expect(answer.headers['content-type']).toBe('application/x-amz-cbor-1.1')
      expect({ ...answer.body }).toEqual({
        __type: 'ResourceNotFoundException',
        message: 'Stream absent under account 000000000000 not found.',
      })
    }
  })

  it('is an InternalFailureException for whatever nobody expected', async () => {
    const { handler } = await openRig({
      intercept: async () => {
        throw new RangeError('a defect')
      },
    })
    expect(await callRaw(handler, 'ListStreams', {})).toMatchObject({
      status: 500,
      body: { __type: 'InternalFailureException', message: 'Internal Service Failure' },
    })
  })
})
