import { jsonCodec, type Stream } from 'millrace'
import { type TestStore, testStore } from 'millrace/testing'
import { type Click, type Visit, VisitCounter } from './visits.ts'

/** A running visit counter, and all that it touches. One for each test: none knows of another. */
export interface VisitsRig {
  readonly store: TestStore
  readonly clicks: Stream<Click>
  readonly visits: Stream<Visit>
  /** Ends the counter and closes the store. */
  stop(): Promise<void>
}

export async function startVisits(): Promise<VisitsRig> {
  const store = await testStore()
  const clicks = await store.createStream('clicks', { shards: 4, codec: jsonCodec<Click>() })
  const visits = await store.createStream('visits', { codec: jsonCodec<Visit>() })
  const abort = new AbortController()
  const running = new VisitCounter(visits, store.clock).run(clicks, abort.signal)
  const stop = async (): Promise<void> => {
    abort.abort()
    await running
    await store.close()
  }
  return { store, clicks, visits, stop }
}
