import { describe, expect, it } from 'vitest'
import type { HttpRequest } from '../../src/server/http-exchange.ts'
import { type MetricsLoader, metricsRoute } from '../../src/server/metrics.ts'
import type { MetricsSources } from '../../src/server/metrics-page.ts'

const request: HttpRequest = {
  method: 'GET',
  path: '/metrics',
  query: '',
  headers: {},
  body: new Uint8Array(),
  version: '1.1',
  encrypted: false,
}

/** A route whose page cannot be loaded until `mend` is called, and which closings of pages count. */
function routeOf(): {
  readonly route: ReturnType<typeof metricsRoute>
  mend(): void
  readonly closed: () => number
} {
  let short = true
  let closed = 0
  class Page {
    async show(): Promise<{ contentType: string; text: string }> {
      return { contentType: 'text/plain', text: 'figures\n' }
    }
    close(): void {
      closed += 1
    }
  }
  const load = (async () => {
    if (short) throw new Error('EMFILE: too many open files')
    return { MetricsPage: Page }
  }) as unknown as MetricsLoader
  const route = metricsRoute({} as MetricsSources, () => undefined, load)
  return {
    route,
    mend: () => {
      short = false
    },
    closed: () => closed,
  }
}

describe('/metrics whose page could not be loaded', () => {
  const { signal } = new AbortController()

  it('is loaded by whoever asks next', async () => {
    const { route, mend, closed } = routeOf()
    await expect(route.answer(request, signal)).rejects.toThrow('EMFILE')
    mend()
    expect(await route.answer(request, signal)).toMatchObject({ status: 200, body: 'figures\n' })
    route.close()
    await expect.poll(closed).toBe(1)
  })

  it('is closed without a word', async () => {
    const { route } = routeOf()
    const answer = route.answer(request, signal)
    // An unhandled rejection would fail the run.
    route.close()
    await expect(answer).rejects.toThrow('EMFILE')
  })
})
