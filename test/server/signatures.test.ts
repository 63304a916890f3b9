import { type KinesisClient, ListStreamsCommand, PutRecordCommand } from '@aws-sdk/client-kinesis'
import { describe, expect, it } from 'vitest'
import { Credential, type CredentialOptions } from '../../src/aws/credential.ts'
import { Keyring } from '../../src/aws/keyring.ts'
import type { WireRequest } from '../../src/aws/wire/exchange.ts'
import { Fault } from '../../src/aws/wire/fault.ts'
import { SignatureAuthority } from '../../src/aws/wire/signature-authority.ts'
import { minuteMs } from '../../src/units.ts'
import { signedRequest } from './signed.ts'

const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const policy = [{ allow: 'admin', streams: '*' }] as const
const known: CredentialOptions = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey, policy }
const temporary: CredentialOptions = {
  ...known,
  accessKeyId: 'ASIAEXAMPLE',
  sessionToken: 'a+session/token==',
}
const over: CredentialOptions = { ...known, accessKeyId: 'AKIDOVER', expiresAt: '2020-01-01T00:00:00Z' }
const keyring = new Keyring([known, temporary, over].map((options) => new Credential(options)))

const put = (client: KinesisClient): Promise<unknown> =>
  client.send(new PutRecordCommand({ StreamName: 'clicks', PartitionKey: 'k', Data: Buffer.from('data') }))
const list = (client: KinesisClient): Promise<unknown> => client.send(new ListStreamsCommand({}))

/** Who the authority says that this is, or the type and text of its refusal. */
function judged(request: WireRequest, nowMs = Date.now(), signingName = 'kinesis'): unknown {
  try {
    const { credential, region } = new SignatureAuthority(keyring, () => nowMs).callerOf(request, signingName)
    return `${credential?.accessKeyId} in ${region}`
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    expect(error.message).not.toContain(secretAccessKey)
    return `${error.type}: ${error.message}`
  }
}

function withHeaders(
  request: WireRequest,
  headers: Readonly<Record<string, string | undefined>>,
): WireRequest {
  return { ...request, headers: { ...request.headers, ...headers } }
}

function withAuthorization(request: WireRequest, change: (header: string) => string): WireRequest {
  return withHeaders(request, { authorization: change(request.headers['authorization'] ?? '') })
}

const mismatch = /^InvalidSignatureException: The request signature we calculated does not match/
const unrecognized = 'UnrecognizedClientException: The security token included in the request is invalid.'

describe.each(['h2', 'http/1.1'] as const)('a request that the SDK signed for %s', (protocol) => {
  const signed = (send = put, credentials: CredentialOptions = known): Promise<WireRequest> =>
    signedRequest(send, { credentials, protocol })

  it('is that of its signer', async () => {
    expect(judged(await signed())).toBe('AKIDEXAMPLE in eu-west-1')
    expect(judged(await signed(list))).toBe('AKIDEXAMPLE in eu-west-1')
    expect(judged(await signed(put, temporary))).toBe('ASIAEXAMPLE in eu-west-1')
  })

  it('holds for no other body, method, path, query or signed header', async () => {
    const request = await signed()
    const text = Buffer.from(request.body).toString()
    const host = protocol === 'h2' ? ':authority' : 'host'
    const changed: WireRequest[] = [
      { ...request, body: text.replace('clicks', 'clacks') },
      { ...request, body: `${text} ` },
      { ...request, method: 'PUT' },
      { ...request, path: '/other' },
      { ...request, query: 'a=b' },
      withHeaders(request, { 'x-amz-target': 'Kinesis_20131202.DeleteStream' }),
      withHeaders(request, { 'content-type': 'application/x-amz-cbor-1.1' }),
      withHeaders(request, { [host]: 'another.host' }),
      withHeaders(request, { [host]: undefined }),
      withHeaders(request, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
    ]
    for (const one of changed) expect(judged(one)).toMatch(mismatch)
  })

  it('holds with no other signature, signed headers or key', async () => {
    const request = await signed()
    expect(
      judged(
        withAuthorization(request, (header) => header.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
      ),
    ).toMatch(mismatch)
    expect(judged(withAuthorization(request, (header) => header.slice(0, -1)))).toMatch(mismatch)
    expect(judged(withAuthorization(request, (header) => header.replace('content-type;', '')))).toMatch(
      mismatch,
    )
    expect(
      judged(
        withAuthorization(request, (header) =>
          header.replace('SignedHeaders=', 'SignedHeaders=constructor;'),
        ),
      ),
    ).toMatch(mismatch)
    expect(judged(await signed(put, { ...known, secretAccessKey: `${secretAccessKey}x` }))).toMatch(mismatch)
  })

  it("is nobody's if the access key id is unknown or the session token is not its own", async () => {
    expect(judged(await signed(put, { ...known, accessKeyId: 'AKIDNOBODY' }))).toBe(unrecognized)
    expect(judged(await signed(put, { ...temporary, sessionToken: 'other' }))).toBe(unrecognized)
    expect(judged(await signed(put, { ...temporary, sessionToken: undefined }))).toBe(unrecognized)
    expect(judged(await signed(put, { ...known, sessionToken: 'token' }))).toBe(unrecognized)
  })

  it('is refused once its credential has ended', async () => {
    expect(judged(await signed(put, over))).toBe(
      'ExpiredTokenException: The security token included in the request is expired',
    )
  })

  it('holds for a quarter of an hour to both sides of its time, and names the times beyond', async () => {
    const request = await signed()
    const text = request.headers['x-amz-date'] ?? ''
    const ms = Date.parse(text.replace(/^(....)(..)(..)T(..)(..)/, '$1-$2-$3T$4:$5:'))
    expect(judged(request, ms + 15 * minuteMs)).toMatch(/^AKID/)
    expect(judged(request, ms - 15 * minuteMs)).toMatch(/^AKID/)
    expect(judged(request, ms + 15 * minuteMs + 1000)).toMatch(
      new RegExp(
        `^InvalidSignatureException: Signature expired: ${text} is now earlier than \\w+ \\(\\w+ - 15 min\\.\\)$`,
      ),
    )
    expect(judged(request, ms - 15 * minuteMs - 1000)).toMatch(
      new RegExp(
        `^InvalidSignatureException: Signature not yet current: ${text} is still later than \\w+ \\(\\w+ \\+ 15 min\\.\\)$`,
      ),
    )
  })

  it('is refused for another service, date, terminator or number of parts of its scope', async () => {
    const request = await signed()
    const scope = (from: RegExp, to: string): unknown =>
      judged(withAuthorization(request, (header) => header.replace(from, to)))
    expect(judged(request, Date.now(), 'firehose')).toBe(
      "InvalidSignatureException: Credential should be scoped to correct service: 'firehose'. ",
    )
    expect(scope(/\/kinesis\//, '/dynamodb/')).toMatch(
      /^InvalidSignatureException: Credential should be scoped to correct service: 'kinesis'/,
    )
    expect(scope(/\/\d{8}\//, '/20010101/')).toMatch(
      /^InvalidSignatureException: Date in Credential scope does not match YYYYMMDD .*'20010101' != '\d{8}'/,
    )
    expect(scope(/aws4_request/, 'aws5_request')).toMatch(
      /^InvalidSignatureException: Credential should be scoped with a valid terminator/,
    )
    expect(scope(/\/eu-west-1\//, '/EU WEST/')).toMatch(
      /^InvalidSignatureException: Credential should be scoped to a valid region/,
    )
    expect(scope(/\/eu-west-1\//, '/us-east-1/')).toMatch(mismatch)
    expect(scope(/\/aws4_request/, '')).toMatch(
      /^IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements/,
    )
    expect(scope(/aws4_request/, 'aws4_request/more')).toMatch(
      /^IncompleteSignatureException: Credential must have exactly 5/,
    )
  })

  it('has to sign its host, and whatever AWS means by a header', async () => {
    const request = await signed()
    const unsigned = (name: string): unknown =>
      judged(
        withAuthorization(request, (header) =>
          header.replace(new RegExp(`(=|;)${name}(;|,)`), (_all, before, after) =>
            before === '=' ? '=' : after,
          ),
        ),
      )
    expect(unsigned(protocol === 'h2' ? ':authority' : 'host')).toMatch(
      /^InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader'/,
    )
    expect(unsigned('x-amz-target')).toMatch(
      /^InvalidSignatureException: 'x-amz-target' must be a 'SignedHeader'/,
    )
    expect(unsigned('x-amz-date')).toMatch(
      /^InvalidSignatureException: 'x-amz-date' must be a 'SignedHeader'/,
    )
    expect(judged(withHeaders(request, { 'x-amz-further': '1' }))).toMatch(
      /^InvalidSignatureException: 'x-amz-further' must be/,
    )
    expect(judged(withHeaders(request, { 'x-amzn-trace-id': '1', via: 'a proxy' }))).toMatch(/^AKID/)
  })

  it('is refused without a time that can be read', async () => {
    const request = await signed()
    for (const date of ['today', '20261301T000000Z', '2026-01-01T00:00:00Z', '']) {
      expect(judged(withHeaders(request, { 'x-amz-date': date }))).toBe(
        `IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
      )
    }
  })

  it('may have come through a proxy that speaks the other HTTP', async () => {
    const { ':authority': authority, host, ...headers } = (await signed()).headers
    const request = await signed()
    const other: WireRequest = {
      ...request,
      headers: protocol === 'h2' ? { ...headers, host: authority } : { ...headers, ':authority': host },
    }
    expect(judged(other)).toBe('AKIDEXAMPLE in eu-west-1')
  })
})

it('still verifies after more regions than it keeps keys for', async () => {
  const authority = new SignatureAuthority(keyring, () => Date.now())
  const regions = Array.from({ length: 300 }, (_, index) => `region-${index}`)
  for (const region of [...regions, 'region-0']) {
    const request = await signedRequest(list, { credentials: known, region })
    expect(authority.callerOf(request, 'kinesis').region).toBe(region)
  }
})

/** Signatures from AWS's "Signature Version 4 test suite". */
describe('a request of the test suite of AWS', () => {
  it.each([
    ['GET', '/', '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    ['POST', '/', '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'GET',
      '/',
      'Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    ['GET', '/\u1234', '', '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85'],
  ])('%s %s?%s has the signature %s', (method, path, query, signature) => {
    const request: WireRequest = {
      method,
      path,
      query,
      headers: {
        host: 'example.amazonaws.com',
        'x-amz-date': '20150830T123600Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
          `SignedHeaders=host;x-amz-date, Signature=${signature}`,
      },
      body: '',
    }
    expect(judged(request, Date.UTC(2015, 7, 30, 12, 36), 'service')).toBe('AKIDEXAMPLE in us-east-1')
  })
})
