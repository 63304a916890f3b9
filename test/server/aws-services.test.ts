import { describe, expect, it } from 'vitest'
import type { CallWatcher, PutOutcome } from '../../src/aws/wire/call-watcher.ts'
import { MillraceError } from '../../src/errors.ts'
import { AwsServices } from '../../src/server/aws-services.ts'
import { RequestFigures } from '../../src/server/request-figures.ts'
import { silentLog } from '../../src/server/server-log.ts'
import { StoreHealth } from '../../src/server/store-health.ts'
import { StreamFigures } from '../../src/server/stream-figures.ts'
import { testStore } from '../../src/testing/test-store.ts'

const request = {
  method: 'POST',
  path: '/',
  query: '',
  headers: {},
  body: new Uint8Array(),
  version: '1.1',
  encrypted: false,
} as const

/** What is logged, and what `/readyz` says, of a PutRecords that is answered with 200. */
async function toldOf(outcome: PutOutcome, error?: unknown): Promise<readonly unknown[]> {
  await using store = await testStore()
  const said: unknown[] = []
  const health = new StoreHealth(store, store.clock)
  const answer = async (_request: unknown, _signal: unknown, watcher?: CallWatcher) => {
    watcher?.called('PutRecords', 'kinesis')
    watcher?.about('clicks')
    watcher?.put(outcome)
    if (error !== undefined) watcher?.failed(error)
    return { status: 200, headers: {}, body: '' } as never
  }
  const services = new AwsServices(
    { bodyBytesMax: 1, answer },
    {
      requests: new RequestFigures(),
      streams: new StreamFigures(),
      health,
      log: { ...silentLog, error: (facts, message) => said.push([facts, message]) },
      tracer: undefined,
    },
  )
  await services.answer(request, new AbortController())
  return [...said, health.trouble()]
}

describe('records that failed in a call that is answered well', () => {
  it('are one line of the log, and a word against the store', async () => {
    const error = new MillraceError('ERR_MILLRACE_IO', 'open: no such file or directory')
    const outcome = { records: 500, stored: 100, storedBytes: 1, throttled: 50 }
    expect(await toldOf(outcome, error)).toEqual([
      [
        {
          service: 'kinesis',
          operation: 'PutRecords',
          stream: 'clicks',
          records: 350,
          why: 'ERR_MILLRACE_IO: open: no such file or directory',
        },
        'records failed',
      ],
      'store failing: ERR_MILLRACE_IO',
    ])
  })

  it('are none of the log if a limit refused them', async () => {
    const outcome = { records: 2, stored: 1, storedBytes: 1, throttled: 1 }
    expect(await toldOf(outcome)).toEqual([undefined])
  })
})
