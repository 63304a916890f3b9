import { describe, expect, it } from 'vitest'
import { Credential } from '../../src/aws/credential.ts'
import { Keyring } from '../../src/aws/keyring.ts'
import { isAnswer, requireCredential } from '../../src/server/basic-credential.ts'
import type { HttpRequest } from '../../src/server/http-exchange.ts'
import { ManualClock } from '../model/manual-clock.ts'

const secretAccessKey = 'a secret of some length'
const policy = [{ allow: 'read', streams: '*' }] as const
const clock = new ManualClock()
const keyring = new Keyring([
  new Credential({ accessKeyId: 'reader', secretAccessKey, policy }),
  new Credential({ accessKeyId: 'guest', secretAccessKey, sessionToken: 'token', policy }),
  new Credential({
    accessKeyId: 'past',
    secretAccessKey,
    expiresAt: new Date(clock.nowMs()).toISOString(),
    policy,
  }),
])

function asked(authorization?: string): HttpRequest {
  const headers = authorization === undefined ? {} : { authorization }
  return {
    method: 'GET',
    path: '/metrics',
    query: '',
    headers,
    body: Buffer.alloc(0),
    version: '1.1',
    encrypted: false,
  }
}

function basic(text: string): string {
  return `Basic ${Buffer.from(text).toString('base64')}`
}

describe('a route beside the services', () => {
  it('is open on a server without credentials', () => {
    expect(requireCredential(asked(), { keyring: undefined, clock })).toBeUndefined()
  })

  it('knows who asks by access key id and secret', () => {
    const caller = requireCredential(asked(basic(`reader:${secretAccessKey}`)), { keyring, clock })
    expect(isAnswer(caller)).toBe(false)
    expect(caller).toMatchObject({ accessKeyId: 'reader' })
  })

  it.each([
    ['nothing', undefined],
    ['a wrong secret', basic('reader:another secret')],
    ['no secret', basic('reader:')],
    ['no colon', basic('reader')],
    ['somebody unknown', basic(`nobody:${secretAccessKey}`)],
    ['a temporary credential without its token', basic(`guest:${secretAccessKey}`)],
    ['a credential that has ended', basic(`past:${secretAccessKey}`)],
    ['another scheme', `Bearer ${secretAccessKey}`],
    ['no base64', 'Basic ***'],
  ])('turns away %s, and says how to ask', (_what, authorization) => {
    const answer = requireCredential(asked(authorization), { keyring, clock })
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringMatching(/^Basic /) },
    })
    expect(JSON.stringify(answer)).not.toContain('secret of')
  })
})

it('shows the secret of a credential to nobody who prints it', () => {
  const credential = keyring.get('reader')
  expect(JSON.stringify(credential)).not.toContain(secretAccessKey)
  expect(Object.values(credential ?? {})).not.toContain(secretAccessKey)
})
