import { once } from 'node:events'
import { createServer, type ServerHttp2Session } from 'node:http2'
import { type AddressInfo, connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import { httpLimits } from '../../src/server/http-limits.ts'
import { watchSession } from '../../src/server/session-watch.ts'
import { usualHeaders } from '../aws/raw.ts'
import { flags, frame, frameTypes, headerBlock, preface } from './fuzz/frame.ts'
import { play } from './fuzz/play.ts'
import { Served } from './fuzz/served.ts'
import { requireWell } from './fuzz/trial.ts'

const settings = frame(frameTypes.settings, 0, 0, Buffer.alloc(0))
const headers = headerBlock([
  [':method', 'POST'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'localhost'],
  ...Object.entries(usualHeaders),
])

describe('a session of HTTP/2', () => {
  it('does not take the process along that a malformed frame after GOAWAY would end', async () => {
    const served = await Served.start()
    onTestFinished(() => served.end())
    const bytes = Buffer.concat([
      preface,
      settings,
      frame(frameTypes.goAway, 0, 0, Buffer.alloc(8)),
      frame(frameTypes.headers, flags.endHeaders, 427, headers),
      frame(frameTypes.priority, 178, 0xffff_ffff, Buffer.of(0x82)),
    ])
    for (let at = 0; at < 10; at++) await play(served.begun.port, { bytes, cut: bytes.length, waits: true })
    await requireWell(served)
    expect(served.lastWords).toBeUndefined()
  })

  it('ends when its client broke the rules and Node no longer listens', async () => {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    server.on('session', (session) =>
      watchSession(session, { ...httpLimits, headersMs: 20, idleMs: 10_000 }, systemClock),
    )
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.on('error', () => undefined)
    // Index 0 of the table of headers, which there is not.
    const broken = frame(frameTypes.headers, flags.endHeaders | flags.endStream, 1, Buffer.of(0x80))
    socket.write(Buffer.concat([preface, settings, broken]))
    const [session] = (await once(server, 'session')) as [ServerHttp2Session]
    await once(session, 'close')
    socket.destroy()
    expect(session.destroyed).toBe(true)
  })
})
