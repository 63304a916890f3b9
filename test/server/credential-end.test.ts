import { describe, expect, it } from 'vitest'
import { Credential } from '../../src/aws/credential.ts'
import { Keyring } from '../../src/aws/keyring.ts'
import { requireCredential } from '../../src/server/basic-credential.ts'
import { consoleRoute } from '../../src/server/console.ts'
import type { HttpRequest } from '../../src/server/http-exchange.ts'
import type { Route } from '../../src/server/router.ts'
import type { Store } from '../../src/streams/store.ts'
import { testStore } from '../../src/testing/test-store.ts'
import { hourMs, secondMs } from '../../src/units.ts'
import { ManualClock } from '../model/manual-clock.ts'
import { ask, ownHeaders, PageEvents, pathOf, request } from './console-rig.ts'

const secretAccessKey = 'secretsecretsecret'

/** A console for somebody who is known for three hours, and one who is known for ever. */
function console(store: Store, clock: ManualClock): Route {
  const policy = [{ allow: 'read', streams: '*' }] as const
  const expiresAt = new Date(clock.nowMs() + 3 * hourMs).toISOString()
  const keyring = new Keyring([
    new Credential({ accessKeyId: 'guest', secretAccessKey, policy, expiresAt }),
    new Credential({ accessKeyId: 'owner', secretAccessKey, policy }),
  ])
  return consoleRoute(store, (asked) => requireCredential(asked, { keyring, clock }), clock)
}

function by(user: string, target: string): HttpRequest {
  const authorization = `Basic ${Buffer.from(`${user}:${secretAccessKey}`).toString('base64')}`
  return request('GET', target, { headers: { ...ownHeaders, authorization } })
}

describe.each([
  ['the records of a stream', pathOf('clicks', 'tail?from=oldest'), 'records'],
  ['the figures of a stream', pathOf('clicks', 'events'), 'sample'],
  ['all streams', '/console/api/events', 'sample'],
])('whoever is shown %s', (_what, target, event) => {
  it('sees no more of it when the credential has ended', async () => {
    await using store = await testStore()
    const clicks = await store.createStream('clicks')
    await clicks.put('k', Buffer.from('before'))
    const clock = new ManualClock()
    const route = console(store, clock)
    const answers = await Promise.all(['guest', 'owner'].map((user) => ask(route, by(user, target))))
    const [guest, owner] = answers.map((answer) => new PageEvents(answer)) as [PageEvents, PageEvents]
    await Promise.all([guest.nextOf(event), owner.nextOf(event)])
    await clock.advance(3 * hourMs - 1)
    await clicks.put('k', Buffer.from('shortly before'))
    await store.clock.advance(secondMs)
    await Promise.all([guest.nextOf(event), owner.nextOf(event)])
    await clock.advance(1)
    await clicks.put('k', Buffer.from('after'))
    await store.clock.advance(secondMs)
    expect(await guest.next()).toBeUndefined()
    await owner.nextOf(event)
    await owner.return()
    expect((await ask(route, by('guest', target))).status).toBe(401)
  })
})

it('leaves no timer behind when a stream or an answer has ended', async () => {
  await using store = await testStore()
  await store.createStream('clicks')
  const clock = new ManualClock()
  const route = console(store, clock)
  const events = new PageEvents(await ask(route, by('guest', pathOf('clicks', 'tail?from=oldest'))))
  expect((await ask(route, by('guest', '/console/api/session'))).status).toBe(200)
  await events.nextOf('begin')
  expect(clock.pending).toBe(1)
  await events.return()
  expect(clock.pending).toBe(0)
})
